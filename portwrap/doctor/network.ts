// Checks the network of a sandbox: the tun device, both ways of loading the network policy, and a complete launch until
// the network is ready. Not here: bubblewrap itself (sandbox.ts).

import { mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../config/system/error-text.ts';
import { noLimits } from '../cgroups/limits.ts';
import { noCgroups } from '../cgroups/root.ts';
import { fileView } from '../launch/file-view.ts';
import { launch } from '../launch/launch.ts';
import { ownDirectory } from '../launch/own-directory.ts';
import { ordinaryFamilies } from '../launch/system-call-filter.ts';
import { inOwnMounts } from '../mounts/own.ts';
import { commandPorts, firstOf, portsFromRandom } from '../network/host-ports.ts';
import { createNetwork } from '../network/network.ts';
import { ownAddresses } from '../network/own-addresses.ts';
import { nftRuleset, slirpNetwork } from '../network/policy.ts';
import { inProfile } from '../system/apparmor.ts';
import { runTool } from '../system/child.ts';
import { ownDescriptor } from '../system/descriptor.ts';
import { lookAs } from '../system/look.ts';
import { evaluateLabel, readLabel } from './apparmor.ts';
import { type Check, type DoctorContext, failed, fixOf, ok, runAsAccount, warning } from './check.ts';
import { runSteadily } from './run-steadily.ts';

/** DNS needs an uplink, so that this is tried, too. */
const policy = { internet: false, dns: true, hosts: [] } as const;
const isolated = { internet: false, dns: false, hosts: [] } as const;

/** The device itself first, because the forwarder's own message is less clear. No uplink, no tun device. */
export async function checkTun(context: DoctorContext): Promise<Check[]> {
  return context.network.uplink === null ? [] : [await openTun(context)];
}

async function openTun(context: DoctorContext): Promise<Check> {
  const status = statSync(tunDevice, { throwIfNoEntry: false });
  // the shell would create the file
  if (status === undefined) return evaluateTun('No such file');
  if (!status.isCharacterDevice() || status.rdev !== tunNumber) return notTun();
  const run = await runAsAccount(context, [context.tools('sh'), '-c', `exec 3<>${tunDevice}`]);
  return evaluateTun(run.code === 0 ? null : run.output);
}

const tunDevice = '/dev/net/tun';
/** 10, 200 (Documentation/admin-guide/devices.txt of Linux), as stat(2) packs them. */
const tunNumber = 0xac8;

function notTun(): Check {
  return failed(
    'tun device',
    `${tunDevice} is not the tun device (character device 10, 200)`,
    'The uplink needs it for its network interface.',
    `rm ${tunDevice} && mknod -m 0666 ${tunDevice} c 10 200`,
  );
}

/** `message` is the shell's error, null if the device could be opened. */
export function evaluateTun(message: string | null): Check {
  const name = 'tun device';
  if (message === null) return ok(name, '/dev/net/tun can be opened');
  const why = 'The uplink needs it for its network interface.';
  if (/Permission denied|Operation not permitted/.test(message)) {
    return failed(name, '/dev/net/tun: permission denied', why, 'chmod 0666 /dev/net/tun');
  }
  if (/No such (file|device)|nonexistent/i.test(message)) {
    return failed(name, '/dev/net/tun does not exist', why, 'modprobe tun');
  }
  return failed(name, message, why, 'modprobe tun && chmod 0666 /dev/net/tun');
}

/** As root the rules are loaded from outside, otherwise by the gate inside, which then drops its capabilities. */
export async function checkPolicy(context: DoctorContext): Promise<Check[]> {
  const { tools } = context;
  const rules = nftRuleset(policy, [], slirpNetwork, []);
  const box = [tools('bwrap'), '--dev-bind', '/', '/', '--unshare-net', '--die-with-parent'];
  const load = `${tools('nft')} -f -`;
  const inside = ['--unshare-user', '--unshare-pid', '--proc', '/proc'];
  const capabilities = ['--cap-add', 'CAP_NET_ADMIN', '--cap-add', 'CAP_SETPCAP'];
  const drop = `${tools('setpriv')} --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- ${tools('env')}`;
  const gate = [...box, ...inside, ...capabilities, '--', tools('sh'), '-c', `${load} && exec ${drop}`];
  const unprivileged = await runSteadily(() => runAsAccount(context, gate, rules));
  const message = unprivileged.code === 0 ? null : unprivileged.output;
  const label = await readLabel(context);
  if (!context.asRoot) return [evaluatePolicy('inside, by an ordinary user', message, true, label)];
  const outside = inOwnMounts(tools, [...box, '--', tools('nft'), '-f', '-']);
  const [program = '', ...argv] = inProfile(tools, outside);
  const root = await runSteadily(() => runTool(program, argv, rules));
  return [
    evaluatePolicy('from outside, by root', root.code === 0 ? null : root.output, true, null),
    evaluatePolicy('inside, by an ordinary user', message, false, label),
  ];
}

/** `isNeeded`: whether a launch by the caller loads it this way. `label`: that of AppArmor (evaluateLabel). */
export function evaluatePolicy(
  way: string,
  message: string | null,
  isNeeded: boolean,
  label: string | null,
): Check {
  const name = 'network policy';
  if (message === null) return ok(name, `nft loads it ${way}`);
  const what = `nft cannot load it ${way}: ${message.split('\n')[0]}`;
  const consequence = isNeeded
    ? 'A sandbox never runs without its network policy, so every launch fails.'
    : 'Only launches by an ordinary user need it; launches by root do not.';
  const denied = /Operation not permitted|Permission denied/.test(message);
  const apparmor = denied ? evaluateLabel(label) : null;
  const why = apparmor === null ? consequence : `${consequence} ${apparmor.why}`;
  const fix = /Operation not supported|Protocol not supported|No such file/.test(message)
    ? 'modprobe -a nf_tables nft_chain_nat nft_nat'
    : denied
      ? (apparmor?.fix ?? "Let bubblewrap's AppArmor profile allow capabilities, or launch as root.")
      : 'apt-get install nftables && modprobe nf_tables';
  return isNeeded ? failed(name, what, why, fix) : warning(name, what, why, fix);
}

/** Launches a sandbox until the network is ready, and stops it. */
export async function checkLaunch(context: DoctorContext): Promise<Check> {
  const { tools, asRoot } = context;
  const directory = ownDirectory(process.getuid?.() ?? -1);
  mkdirSync(directory, { mode: 0o700 });
  const log = ownDescriptor(openSync(join(directory, 'log'), 'a'));
  const began = performance.now();
  try {
    const sandbox = await launch(
      {
        ...{ tools, asRoot, hostAddresses: ownAddresses, cgroups: noCgroups },
        network: createNetwork(context.network, tools, asRoot),
      },
      {
        directory: join(directory, 's'),
        command: [tools('env')],
        environment: {},
        workingDirectory: '/',
        account: context.account,
        files: await fileView(
          { keep: [], hide: [], temporarySize: context.temporarySize },
          lookAs(tools, null),
        ),
        policy: context.network.uplink === null ? isolated : policy,
        socketFamilies: ordinaryFamilies,
        limits: noLimits,
        hostAddress: '127.0.0.1',
        hostPorts: firstOf(portsFromRandom(commandPorts), 50),
        guestPort: 8888,
        lifetime: 'detached',
        stdio: ['ignore', log.fd, log.fd],
      },
      new AbortController().signal,
    );
    const took = Math.round(performance.now() - began);
    await sandbox.stop(0);
    return ok('launch', `ready behind ${waysOf(context)} after ${took} ms`);
  } catch (error) {
    return evaluateLaunch(error, waysOf(context), readFileSync(join(directory, 'log'), 'utf8'));
  } finally {
    log.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function waysOf({ network: { forwarder, uplink } }: DoctorContext): string {
  return uplink === null || forwarder === uplink ? forwarder : `${forwarder} and ${uplink}`;
}

/** `log` is the output of bubblewrap. */
export function evaluateLaunch(error: unknown, programs: string, log: string): Check {
  const why = `This was a complete launch with ${programs}; real launches will fail in the same way.`;
  const what = [errorText(error), ...log.trim().split('\n').slice(-2)];
  return failed('launch', what.filter(Boolean).join(': '), why, fixOf(error));
}
