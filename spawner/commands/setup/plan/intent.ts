// What a plan is for, worked out once from the facts: the configuration of the service, whose proxy, where the plugin
// goes, the lines for the hub. Pure. Not here: the steps that are left to do (plan.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import { type ConfigFile, parseConfig } from '../../../../config/load.ts';
import type { Facts, Hub } from '../look/facts.ts';
import { configText, hubLines } from './config-text.ts';
import { hubConfigFile } from './hub-environment.ts';

export interface Intent {
  readonly facts: Facts;
  /** The text of the service's configuration. */
  readonly configText: string;
  readonly config: ConfigFile;
  /** Our proxy is a unit in front of this hub. */
  readonly hasProxy: boolean;
  /** Where the plugin is put when pip cannot install it. */
  readonly pluginDirectory: string | null;
  readonly hubLines: string;
  /** The file that gets them. */
  readonly hubConfig: string;
  /** The group that reads the tokens of the hub. */
  readonly hubGroup: number;
}

/** Throws SETUP_REFUSED, CONFIG_INVALID. */
export function intentOf(facts: Facts): Intent {
  const { hub, choices, files } = facts;
  if (hub === null && !choices.withJupyterHub) throw noHub();
  const takes = takesProxy(facts);
  const text = files.get(choices.config)?.text ?? configText(facts, takes);
  const config = parseConfig(text, choices.config);
  if (config.hubs[0]?.token_file === undefined) {
    throw new PortwrapError('SETUP_REFUSED', `${choices.config}: the first hub has no token_file`, {
      hint: 'Setup gives the hub the token of a file. Set token_file instead of token_env or token.',
    });
  }
  const hasProxy = takes && config.proxy !== null;
  const pluginDirectory = pluginDirectoryOf(facts);
  return {
    ...{ facts, configText: text, config, hasProxy, pluginDirectory },
    hubLines: hubLines({ config, hub, hasProxy, pluginDirectory }),
    hubConfig: hubConfigOf(hub),
    hubGroup: hub?.gid ?? 0,
  };
}

/** Ours replaces a configurable-http-proxy that the hub starts itself, without TLS. */
function takesProxy({ hub, choices, units }: Facts): boolean {
  if (choices.proxy !== undefined) return choices.proxy === 'portwrap';
  if (hub === null || units.get('portwrap-proxy.service')?.isEnabled) return true;
  const { proxy, usesTls } = hub.settings;
  const isReplaceable = proxy.isConfigurableHttpProxy && proxy.isStartedByHub && !usesTls;
  return isReplaceable && hub.unit !== null && hub.kind !== 'tljh';
}

/** Null: pip installs it, or it is there already. */
function pluginDirectoryOf({ hub, programs }: Facts): string | null {
  if (hub === null) return null;
  const { hasPip, isExternallyManaged, plugin, pluginPath } = hub.settings;
  const directory = '/opt/portwrap-spawner/plugin';
  if (pluginPath?.startsWith(directory)) return directory;
  return plugin === programs.version || (hasPip && !isExternallyManaged) ? null : directory;
}

/** TLJH reads every file of a directory; other hubs read one file. */
function hubConfigOf(hub: Hub | null): string {
  if (hub === null) return hubConfigFile;
  return hub.kind === 'tljh' ? '/opt/tljh/config/jupyterhub_config.d/portwrap.py' : hub.settings.configFile;
}

function noHub(): PortwrapError {
  return new PortwrapError('SETUP_REFUSED', 'no JupyterHub was found among the units of systemd', {
    hint: 'Install one with --with-jupyterhub, or name yours with --hub-python and --hub-config.',
  });
}
