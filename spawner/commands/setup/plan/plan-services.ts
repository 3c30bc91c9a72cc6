// The part of the plan that concerns systemd: units, their start, the hub's restart, and the rule for the host ports.
// Pure. Not here: the texts of units (unit-files.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import type { Facts } from '../look/facts.ts';
import type { Intent } from './intent.ts';
import type { Command, Step } from './steps.ts';
import { hubUnit, proxyDropIns, relocated, shippedAddresses, unitDirectory } from './unit-files.ts';

interface ServiceSteps {
  /** Units are as they should be, and what runs of them is of this version. */
  readonly first: readonly Step[];
  /** The rest is started, when the hub is ready for it. */
  readonly last: readonly Step[];
}

/** `hubChanged`: the hub must be restarted. */
export function planServices(intent: Intent, hubChanged: boolean): ServiceSteps {
  const { facts, hasProxy } = intent;
  const files = unitSteps(intent);
  const reload: Step[] =
    files.length === 0 ? [] : [command(['systemctl', 'daemon-reload'], 'have systemd read its units', null)];
  const restarts = restartSteps(facts, files);
  const service = startSteps(facts, ['portwrap-spawner.service']);
  const proxy = hasProxy ? startSteps(facts, proxyUnits) : [];
  const isNewUnit = files.some(
    (step) => 'path' in step && step.path === `${unitDirectory}/jupyterhub.service`,
  );
  const hub = hubSteps(intent, hubChanged || isNewUnit, proxy);
  const changes = files.length + restarts.length + service.length + hub.length;
  const check: Step[] = changes === 0 ? [] : [{ do: 'check-config', what: `check ${facts.choices.config}` }];
  const wait: Step[] =
    service.length === 0 ? [] : [{ do: 'wait', for: 'service', what: 'wait until the service answers' }];
  return {
    first: [...accountSteps(intent), ...appArmorSteps(facts), ...files, ...reload, ...check, ...restarts],
    last: [...service, ...wait, ...hub, ...guardSteps(intent)],
  };
}

const proxySockets = ['portwrap-proxy.socket', 'portwrap-proxy-api.socket'];
const proxyUnits = [...proxySockets, 'portwrap-proxy.service'];

/** A unit of another version, or with new files. The Debian package restarts its own after an upgrade. */
function restartSteps({ hub, programs, units }: Facts, files: readonly Step[]): Step[] {
  const plugin = hub?.settings.plugin ?? programs.version;
  const isUpgrade = !programs.hasUnits && plugin !== programs.version;
  const paths = files.flatMap((step) => ('path' in step ? [step.path] : []));
  const isNew = (name: string) => paths.some((path) => path.startsWith(`${unitDirectory}/${name}`));
  const isRunning = (name: string) => units.get(name)?.isEnabled && units.get(name)?.isActive;
  // a socket is opened anew only while its service is stopped: all three at once
  const proxy = proxySockets.some((name) => isRunning(name) && isNew(name))
    ? proxyUnits
    : ['portwrap-proxy.service'];
  return [['portwrap-spawner.service'], proxy]
    .filter((names) => names.some((name) => isRunning(name) && (isUpgrade || isNew(name))))
    .map(([first = '', ...rest]) =>
      command(['systemctl', 'restart', first, ...rest], `restart ${[first, ...rest].join(', ')}`, null),
    );
}

function accountSteps({ facts, hasProxy }: Intent): Step[] {
  if (!hasProxy || facts.proxyAccount !== null) return [];
  const options = [
    '--system',
    '--no-create-home',
    '--home-dir',
    '/var/lib/portwrap-proxy',
    '--shell',
    '/usr/sbin/nologin',
  ];
  return [
    command(['useradd', ...options, 'portwrap-proxy'], 'add the account portwrap-proxy, for the proxy', [
      'userdel',
      'portwrap-proxy',
    ]),
  ];
}

function appArmorSteps({ appArmorProfile: text, files }: Facts): Step[] {
  if (text === null) return [];
  const path = '/etc/apparmor.d/portwrap';
  const write: Step[] =
    files.get(path)?.text === text ? [] : [{ do: 'file', path, text, what: `write ${path}` }];
  const what = 'load the AppArmor profile that lets sandboxes be made';
  const load: Command = ['apparmor_parser', '--replace', path];
  return [...write, command(load, what, ['apparmor_parser', '--remove', path])];
}

/** Units that a Debian package has are not written. */
function unitSteps({ facts, hasProxy }: Intent): Step[] {
  const { programs, files, hub, choices } = facts;
  const wanted = new Map<string, string>();
  if (!programs.hasUnits) {
    for (const [name, text] of programs.shippedUnits) {
      if (hasProxy || !name.startsWith('portwrap-proxy'))
        wanted.set(`${unitDirectory}/${name}`, relocated(text, programs));
    }
    if (programs.shippedTmpfiles !== null)
      wanted.set('/etc/tmpfiles.d/portwrap.conf', programs.shippedTmpfiles);
  }
  if (hasProxy)
    for (const [path, text] of proxyDropIns(addressesOf(facts), programs.directory)) wanted.set(path, text);
  if (choices.config !== '/etc/portwrap-spawner/config.yaml') {
    const start = `ExecStart=\nExecStart=${programs.directory}/portwrap-spawner serve --config ${choices.config}`;
    wanted.set(
      `${unitDirectory}/portwrap-spawner.service.d/setup.conf`,
      `# Written by portwrap-spawner setup.\n[Unit]\nConditionPathExists=\n[Service]\n${start}\n`,
    );
  }
  if (hub === null || hub.kind === 'ours') wanted.set(`${unitDirectory}/jupyterhub.service`, hubUnit);
  return [...wanted]
    .filter(([path, text]) => files.get(path)?.text !== text)
    .map(([path, text]): Step => ({ do: 'file', path, text, what: `write ${path}` }));
}

/** From bind_url and hub_bind_url of the hub; its defaults are those of the shipped units. */
function addressesOf({ hub }: Facts) {
  if (hub === null) return shippedAddresses;
  const { bindUrl, apiUrl } = hub.settings;
  const written = bindUrl.replace(/^(https?:\/\/)(?=[:/]|$)/, '$10.0.0.0').replace('://*', '://0.0.0.0');
  const url = URL.canParse(written) ? new URL(written) : null;
  if (url === null || url.protocol !== 'http:') {
    throw new PortwrapError('SETUP_REFUSED', `the proxy cannot listen at the hub's bind_url, ${bindUrl}`, {
      hint: "Keep the hub's proxy with --hub-proxy keep, or see docs/proxy.md for TLS.",
    });
  }
  const publicHost = url.hostname.replace(/^\[|\]$/g, '');
  return { publicHost, publicPort: Number(url.port || 80), hub: new URL(apiUrl).origin };
}

function startSteps({ units }: Facts, names: readonly string[]): Step[] {
  return names
    .filter((name) => !(units.get(name)?.isEnabled && units.get(name)?.isActive))
    .map((name) =>
      command(['systemctl', 'enable', '--now', name], `enable and start ${name}`, [
        'systemctl',
        'disable',
        '--now',
        name,
      ]),
    );
}

/** The hub's own proxy ends with it, so that ours can listen at its address. */
function hubSteps({ facts }: Intent, isChanged: boolean, proxy: readonly Step[]): Step[] {
  const unit = facts.hub === null ? 'jupyterhub.service' : facts.hub.unit;
  const wait: Step = { do: 'wait', for: 'hub', what: 'wait until the hub answers' };
  if (unit === null || facts.choices.printConfig) return [...proxy];
  if (facts.hub === null) return [...proxy, ...startSteps(facts, [unit]), wait];
  if (!isChanged && proxy.length === 0) return [];
  if (proxy.length === 0) return [{ do: 'hub', verb: 'restart', unit, what: `restart ${unit}` }, wait];
  return [
    { do: 'hub', verb: 'stop', unit, what: `stop ${unit}, and with it the hub's own proxy` },
    ...proxy,
    { do: 'hub', verb: 'start', unit, what: `start ${unit}` },
    wait,
  ];
}

function guardSteps({ facts }: Intent): Step[] {
  if (facts.units.get('portwrap-ports.service')?.isActive || facts.choices.printConfig) return [];
  const what =
    'close the host ports of servers to other accounts of this machine (portwrap-ports.service, one nftables rule)';
  return [{ do: 'port-guard', what }];
}

/** A program of the system, found when the step is done. */
function command(argv: Command, what: string, undo: Command | null): Step {
  return { do: 'command', command: argv, undo, what };
}
