// Decides what setup does, from what is known of the machine: only what is not as it should be, in order. Pure.
// Not here: finding the facts (look.ts), the texts (config-text.ts, unit-files.ts), doing the steps (apply.ts).
import { dirname } from 'node:path';
import type { Facts } from '../look/facts.ts';
import { blockIn } from './block.ts';
import { accessScope } from './config-text.ts';
import { hubDirectory } from './hub-environment.ts';
import { type Intent, intentOf } from './intent.ts';
import { planHub } from './plan-hub.ts';
import { planServices } from './plan-services.ts';
import type { Plan, Step } from './steps.ts';

/** Throws SETUP_REFUSED, CONFIG_INVALID. */
export function plan(facts: Facts): Plan {
  const intent = intentOf(facts);
  const tokens = tokenSteps(intent);
  const hub = planHub(intent);
  const services = planServices(intent, hub.length > 0 || tokens.length > 0);
  const steps = [...tokens, ...configSteps(intent), ...services.first, ...hub, ...services.last];
  return {
    steps: steps.length === 0 ? [] : [...directoryStep(intent), ...steps],
    notes: steps.length === 0 ? [] : notesOf(intent),
    hubLines: intent.hubLines,
    hubConfig: intent.hubConfig,
    config: intent.configText,
  };
}

/** An existing configuration is never changed. */
function configSteps({ facts, configText: text }: Intent): Step[] {
  const path = facts.choices.config;
  return facts.files.get(path) === undefined ? [{ do: 'file', path, text, what: `write ${path}` }] : [];
}

function directoryStep({ facts }: Intent): Step[] {
  const path = dirname(facts.choices.config);
  return facts.files.get(path) !== undefined ? [] : [{ do: 'directory', path, what: `make ${path}` }];
}

function tokenSteps({ facts, config, hubGroup, hasProxy }: Intent): Step[] {
  const paths = [
    config.hubs[0]?.token_file,
    ...(hasProxy ? [config.proxy?.token_file] : []),
    config.admin_page?.token_file,
  ].filter((path) => path !== undefined);
  const tokens = paths
    .filter((path) => {
      const { mode, uid, gid } = facts.files.get(path) ?? { mode: 0, uid: -1, gid: -1 };
      return uid !== 0 || gid !== hubGroup || (mode & 0o777) !== modeFor(hubGroup);
    })
    .map((path): Step => {
      const isNew = facts.files.get(path) === undefined;
      const readers = hubGroup === 0 ? 'only root reads' : `only root and the hub's group (${hubGroup}) read`;
      const what = `${isNew ? 'make the token' : 'set the owner and mode of the token'} ${path}`;
      return { do: 'token', path, gid: hubGroup, isNew, readers, what };
    });
  const path = '/etc/portwrap-spawner/proxy.env';
  const token = config.proxy?.token_file;
  if (!hasProxy || token === undefined || facts.files.get(path) !== undefined) return tokens;
  const what = `make ${path}, the proxy's token for its unit`;
  return [...tokens, { do: 'token-variable', path, token, variable: 'CONFIGPROXY_AUTH_TOKEN', what }];
}

export function modeFor(gid: number): number {
  return gid === 0 ? 0o600 : 0o640;
}

function notesOf({ facts, config, hasProxy, hubConfig }: Intent): string[] {
  const { hub, choices } = facts;
  if (hub === null)
    return [`Accounts of this machine sign in at port 8000 with their passwords (${hubDirectory}).`];
  const { spawner, proxy, userScopes, cleansUpServers, allowsUsers } = hub.settings;
  const isNew =
    blockIn(facts.files.get(hubConfig)?.text ?? '') === null && !/^portwrap_spawner\./.test(spawner);
  const scope = accessScope(config.admin_page?.service_name ?? '');
  const old = cleansUpServers ? 'end when the hub restarts' : 'are not taken over: stop them before';
  return [
    ...(isNew ? [`The servers that users have now (${spawner}) ${old}.`] : []),
    ...(isNew && hasProxy
      ? [`portwrap-proxy takes the place of the hub's proxy; --hub-proxy keep leaves it.`]
      : []),
    ...(!hasProxy && config.proxy === null ? [`The hub's proxy stays (${proxy.kind}).`] : []),
    ...(userScopes !== null && !userScopes.includes(scope)
      ? [`Only administrators may open the admin page, until your role "user" has the scope ${scope}.`]
      : []),
    ...(allowsUsers
      ? []
      : [
          'It may be that nobody can sign in: JupyterHub 5 and later want allow_all, allowed_users or allowed_groups of the authenticator, and the configuration has none.',
        ]),
    ...(choices.printConfig
      ? ['The lines for jupyterhub_config.py are printed: add them and restart the hub.']
      : []),
    ...(isUnreadDebianFile(facts, hubConfig)
      ? [`This hub does not read ${debianFile}: its unit names another file, ${hubConfig}.`]
      : []),
    ...(hub.unit === null ? ['Restart the hub yourself: it was named with --hub-python.'] : []),
  ];
}

/** Debian 12's unit names a file beside the one that its package makes. */
function isUnreadDebianFile({ hub, files }: Facts, hubConfig: string): boolean {
  return hub?.kind === 'debian' && hubConfig !== debianFile && files.get(debianFile) !== undefined;
}

const debianFile = '/etc/jupyterhub/jupyterhub_config.py';
