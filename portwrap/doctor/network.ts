// The network of a sandbox: the tun device, the policy's rules in both ways of loading them, and a whole launch
// with the forwarder until it is ready. Not here: bubblewrap by itself (sandbox.ts).
import { mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLimits } from '../cgroups/limits.ts';
import { noCgroups } from '../cgroups/root.ts';
import { fileView } from '../launch/file-view.ts';
import { launch } from '../launch/launch.ts';
import { ordinaryFamilies } from '../launch/system-call-filter.ts';
import { createForwarder } from '../network/forwarders.ts';
import { commandPorts, firstOf, portsFromRandom } from '../network/host-ports.ts';
import { ownAddresses } from '../network/own-addresses.ts';
import { nftRuleset } from '../network/policy.ts';
import { runTool } from '../system/child.ts';
import { ownDescriptor } from '../system/descriptor.ts';
import { lookAs } from '../system/look.ts';
import { inOwnMounts } from '../system/own-mounts.ts';
import { type Check, failed, fixOf, ok, type Patient, runAsPatient, warning } from './check.ts';

const policy = { internet: false, dns: false, hosts: [] } as const;

/** The device first: without it the forwarder's own message says less. */
export async function checkTun(patient: Patient): Promise<Check> {
  const status = statSync(tunDevice, { throwIfNoEntry: false });
  // the shell would make the file
  if (status === undefined) return judgeTun('No such file');
  if (!status.isCharacterDevice() || status.rdev !== tunNumber) return notTun();
  const run = await runAsPatient(patient, [patient.tools('sh'), '-c', `exec 3<>${tunDevice}`]);
  return judgeTun(run.code === 0 ? null : run.output);
}

const tunDevice = '/dev/net/tun';
/** 10, 200 (Documentation/admin-guide/devices.txt of Linux), as stat(2) packs them. */
const tunNumber = 0xac8;

function notTun(): Check {
  return failed(
    'tun device',
    `${tunDevice} is not the tun device (character device 10, 200)`,
    'The forwarder makes its network interface with it.',
    `rm ${tunDevice} && mknod -m 0666 ${tunDevice} c 10 200`,
  );
}

/** `message` is what the shell said, null when the device could be opened. */
export function judgeTun(message: string | null): Check {
  const name = 'tun device';
  if (message === null) return ok(name, '/dev/net/tun can be opened');
  const why = 'The forwarder makes its network interface with it.';
  if (/Permission denied|Operation not permitted/.test(message)) {
    return failed(name, '/dev/net/tun: permission denied', why, 'chmod 0666 /dev/net/tun');
  }
  if (/No such (file|device)|nonexistent/i.test(message)) {
    return failed(name, '/dev/net/tun does not exist', why, 'modprobe tun');
  }
  return failed(name, message, why, 'modprobe tun && chmod 0666 /dev/net/tun');
}

/** The rules are loaded from outside by root, else by the gate inside, which then drops its capabilities. */
export async function checkPolicy(patient: Patient): Promise<Check[]> {
  const { tools } = patient;
  const rules = nftRuleset(policy, [], createForwarder(patient.forwarder, tools, patient.asRoot).network);
  const box = [tools('bwrap'), '--dev-bind', '/', '/', '--unshare-net', '--die-with-parent'];
  const load = `${tools('nft')} -f -`;
  const inside = ['--unshare-user', '--unshare-pid', '--proc', '/proc'];
  const capabilities = ['--cap-add', 'CAP_NET_ADMIN', '--cap-add', 'CAP_SETPCAP'];
  const drop = `${tools('setpriv')} --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- ${tools('env')}`;
  const gate = [...box, ...inside, ...capabilities, '--', tools('sh'), '-c', `${load} && exec ${drop}`];
  const unprivileged = await runAsPatient(patient, gate, rules);
  const message = unprivileged.code === 0 ? null : unprivileged.output;
  if (!patient.asRoot) return [judgePolicy('inside, by an ordinary user', message, true)];
  const [program = '', ...argv] = inOwnMounts(tools, [...box, '--', tools('nft'), '-f', '-']);
  const root = await runTool(program, argv, rules);
  return [
    judgePolicy('from outside, by root', root.code === 0 ? null : root.output, true),
    judgePolicy('inside, by an ordinary user', message, false),
  ];
}

/** `isNeeded`: is this the way that a launch by the caller takes? */
export function judgePolicy(way: string, message: string | null, isNeeded: boolean): Check {
  const name = 'network policy';
  if (message === null) return ok(name, `nft loads it ${way}`);
  const what = `nft cannot load it ${way}: ${message.split('\n')[0]}`;
  const why = isNeeded
    ? 'A sandbox never runs without its policy, so no launch can succeed.'
    : 'Only launches by an ordinary user need it; those of root do not.';
  const fix = /Operation not supported|Protocol not supported|No such file/.test(message)
    ? 'modprobe nf_tables'
    : /Operation not permitted|Permission denied/.test(message)
      ? "Let bubblewrap's AppArmor profile allow capabilities, or launch as root."
      : 'apt-get install nftables && modprobe nf_tables';
  return isNeeded ? failed(name, what, why, fix) : warning(name, what, why, fix);
}

/** A whole launch, until the forwarder is ready; then it is taken down again. */
export async function checkLaunch(patient: Patient): Promise<Check> {
  const { tools, asRoot } = patient;
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-doctor-'));
  const log = ownDescriptor(openSync(join(directory, 'log'), 'a'));
  const began = performance.now();
  try {
    const sandbox = await launch(
      {
        ...{ tools, asRoot, hostAddresses: ownAddresses, cgroups: noCgroups },
        forwarder: createForwarder(patient.forwarder, tools, asRoot),
      },
      {
        directory: join(directory, 's'),
        command: [tools('env')],
        environment: {},
        workingDirectory: '/',
        account: patient.account,
        files: await fileView({ keep: [], hide: [] }, lookAs(tools, null)),
        policy,
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
    return ok('launch', `ready behind ${patient.forwarder} after ${took} ms`);
  } catch (error) {
    return judgeLaunch(error, patient.forwarder, readFileSync(join(directory, 'log'), 'utf8'));
  } finally {
    log.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** `log` is what bubblewrap has printed meanwhile. */
export function judgeLaunch(error: unknown, forwarder: string, log: string): Check {
  const why = `This is the whole of a launch, with ${forwarder}; every real one will fail the same way.`;
  const what = [error instanceof Error ? error.message : String(error), ...log.trim().split('\n').slice(-2)];
  return failed('launch', what.filter(Boolean).join(': '), why, fixOf(error));
}
