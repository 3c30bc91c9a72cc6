// pasta, as the uplink or as the forwarder, too: 20 MB for each sandbox, and three times slirp4netns' throughput. It has no exit
// descriptor, so its parent shell ends it with the sandbox (pasta-argv.ts), even after the launcher has ended.
// Not here: when it is attached (launch/launch.ts).
import { chownSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { type StartedChild, startChild } from '../system/child.ts';
import { withDeadline } from '../system/deadline.ts';
import { ownUntil } from '../system/descriptor.ts';
import { fifos, openReader, openWriter, watchLiveness } from '../system/liveness.ts';
import { identify, readStat } from '../system/process.ts';
import { createTeardown } from '../system/teardown.ts';
import { helpOf } from '../system/tool-help.ts';
import type { Toolbox } from '../system/tools.ts';
import type { Forward, Forwarder, ForwardRequest } from './forwarder.ts';
import { asSandboxOwner, needsRootPorts, sandboxOwner } from './forwarder-account.ts';
import { noPortBound } from './host-ports.ts';
import { type PastaForward, pastaArgv, pastaFeatures, untilSandboxEnds } from './pasta-argv.ts';
import type { Attached, Uplink, UplinkRequest } from './uplink.ts';

/** Milliseconds until pasta must be ready. */
const readyDeadline = 10_000;

export function createPasta(tools: Toolbox, asRoot: boolean): Forwarder {
  const prepare = preparer(tools, asRoot, { fifo: fifos.forwarder, log: 'forwarder.log' });
  return {
    name: 'pasta',
    carriesIpv6: false, // with IPv6 it gives the sandbox the host's own addresses
    async attach(request) {
      const hostPorts = [...request.hostPorts];
      return bindFirst({ ...request, hostPorts }, await prepare(request, needsRootPorts(hostPorts)));
    },
  };
}

export function createPastaUplink(tools: Toolbox, asRoot: boolean): Uplink {
  const prepare = preparer(tools, asRoot, { fifo: fifos.uplink, log: 'uplink.log' });
  return {
    name: 'pasta',
    carriesIpv6: false, // with IPv6 it gives the sandbox the host's own addresses
    async attach(request) {
      const attached = await (await prepare(request, false))(null);
      if (attached === null) throw new PortwrapError('FORWARD_FAILED', 'pasta could not bind a port');
      return attached;
    },
  };
}

/** The files of its role in the sandbox's directory. */
interface RoleFiles {
  readonly fifo: string;
  readonly log: string;
}

/** Starts pasta, with or without a forward; null when the port could not be bound. */
type Start = (forward: PastaForward | null) => Promise<Attached | null>;

function preparer(tools: Toolbox, asRoot: boolean, files: RoleFiles) {
  let help: Promise<string> | undefined;
  return async (request: UplinkRequest, lowPorts: boolean): Promise<Start> => {
    help ??= helpOf(tools, 'pasta');
    const features = pastaFeatures(await help);
    const owner = asRoot ? sandboxOwner(request.child) : null;
    const shell = [tools('sh'), '-c', untilSandboxEnds, 'portwrap', tools('pasta')];
    const become = asSandboxOwner(tools, owner, lowPorts, []);
    // pasta opens the FIFO again, through the inherited descriptor, as the sandbox's owner
    if (owner !== null) chownSync(join(request.directory, files.fifo), owner.uid, owner.gid);
    return (forward) =>
      start(request, files, [...become, ...shell, ...pastaArgv(request, forward, features, owner)]);
  };
}

/** Starts one pasta for each candidate until one could bind its port: pasta has no other way to request a port. */
async function bindFirst(
  { hostAddress, guestPort, hostPorts }: ForwardRequest,
  begin: Start,
): Promise<Forward> {
  const tried: number[] = [];
  for (const hostPort of hostPorts) {
    const attached = await begin({ hostAddress, guestPort, hostPort });
    if (attached !== null) return { ...attached, hostPort };
    tried.push(hostPort);
  }
  throw noPortBound(hostAddress, tried);
}

/** Null when the port could not be bound. Leaves nothing behind then, nor when it throws. */
async function start(
  request: UplinkRequest,
  files: RoleFiles,
  [program = '', ...argv]: readonly string[],
): Promise<Attached | null> {
  const undo = createTeardown();
  const logFile = join(request.directory, files.log);
  try {
    const own = ownUntil(undo);
    const log = own(openSync(logFile, 'a', 0o600));
    const logged = readFileSync(logFile).length;
    const life = own(request.life.openReader());
    const fifo = join(request.directory, files.fifo);
    const liveness = own(openReader(fifo));
    const ready = openReady(openReader(fifo));
    undo.add('readiness', ready.close);
    const token = own(openWriter(fifo));
    const child = startChild(program, argv, {
      // libuv makes the first three blocking, as the shell's read requires; the life FIFO was opened non-blocking
      stdio: [life.fd, token.fd, log.fd],
      detached: true, // its own session: Ctrl-C must not reach it, and it outlives us
    });
    undo.add('forwarder', () => endGroup(child));
    for (const descriptor of [token, life, log]) descriptor.close();
    const shell = child.process.pid;
    if (shell === undefined) await child.exited;

    const pid = await withDeadline(
      ready.pid,
      readyDeadline,
      () => new PortwrapError('FORWARD_FAILED', `pasta was not ready within ${readyDeadline} ms`),
    );
    const pasta = pid === null ? null : identify(pid);
    if (pasta === null || shell === undefined || readStat(pasta.pid)?.parent !== shell) {
      await undo.run();
      const said = messages(readFileSync(logFile).subarray(logged).toString('utf8'));
      if (said.some((line) => portTaken.test(line))) return null;
      throw new PortwrapError(
        'FORWARD_FAILED',
        `pasta failed: ${said.slice(-3).join(' / ') || 'no message'}`,
        {
          hint: pastaHint(said.join('\n')),
        },
      );
    }
    ready.close();
    undo.release();
    const watched = watchLiveness(liveness.fd);
    // our own child must also be reaped before it counts as gone; a shell that outlives pasta has no use
    const gone = watched.gone.then(() => endGroup(child));
    const close = () => {
      watched.close();
      child.process.unref(); // a launcher that leaves the sandbox may end before pasta does
    };
    return { process: pasta, pids: [shell, pasta.pid], liveness: { gone, close } };
  } catch (error) {
    return undo.fail(error);
  }
}

/** The pid that pasta writes when it is ready; null when every writer of the FIFO has ended. */
function openReady(reader: number): { pid: Promise<number | null>; close: () => void } {
  const socket = new Socket({ fd: reader, readable: true, writable: false });
  const pid = new Promise<number | null>((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(Number.parseInt(text, 10));
    });
    socket.once('end', () => resolve(null));
    socket.once('error', () => resolve(null));
  });
  return { pid, close: () => socket.destroy() };
}

/** Ends the shell and pasta, which form a process group of their own; then the port is free. */
async function endGroup(child: StartedChild): Promise<void> {
  const { pid, exitCode, signalCode } = child.process;
  // until we have reaped the shell, no other group can have its number
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  await child.exited.catch(() => {});
}

/** Old: "Failed to bind any port for '-t 127.0.0.1/80:8888'"; newer ones name the port and the reason. */
const portTaken = /Failed to bind|Couldn't (?:bind|listen)|Address already in use/i;

function messages(log: string): string[] {
  return log.split('\n').filter((line) => line !== '' && !line.includes('to syslog'));
}

function pastaHint(log: string): string | undefined {
  if (/external interface|routable interface|default route/i.test(log))
    return 'pasta needs an interface with a default route on this host. Use the forwarder slirp4netns.';
  if (log.includes('/dev/net/tun') || /tun device/i.test(log))
    return 'This account may not open /dev/net/tun. As root: chmod 0666 /dev/net/tun';
  return /unrecognized option/.test(log)
    ? 'This pasta is too old. Install a newer passt, or use the forwarder slirp4netns.'
    : undefined;
}
