// The slirp4netns forwarder: arguments, start, readiness by descriptor, the host port over its API socket.
// The socket is unlinked before any payload runs: whoever reaches it could forward any port of the host.
// Not here: when it is attached and to what (launch.ts).
import { openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { PortwrapError } from '../config/errors.ts';
import { startChild } from './child.ts';
import { withDeadline } from './deadline.ts';
import { ownUntil } from './descriptor.ts';
import type { Forward, Forwarder, ForwardRequest } from './forwarder.ts';
import { fifos, openReader, openWriter, watchLiveness } from './liveness.ts';
import { slirpNetwork } from './policy.ts';
import { identify } from './process.ts';
import { createTeardown } from './teardown.ts';
import type { Toolbox } from './tools.ts';

/** Milliseconds until slirp4netns must be ready, and until it must answer one API request. */
const readyDeadline = 10_000;
const answerDeadline = 5_000;

export function createSlirp4netns(tools: Toolbox, asRoot: boolean): Forwarder {
  return { name: 'slirp4netns', network: slirpNetwork, attach: (request) => attach(tools, asRoot, request) };
}

const descriptors = { ready: 3, exit: 4, token: 5 } as const;

/** The arguments; `asRoot` enters the namespaces by path and confines slirp4netns itself. */
export function slirpArgv(request: ForwardRequest, apiSocket: string, asRoot: boolean): string[] {
  const target = asRoot
    ? [
        '--enable-sandbox',
        '--netns-type=path',
        `--userns-path=/proc/${request.child}/ns/user`,
        `/proc/${request.child}/ns/net`,
      ]
    : [String(request.child)];
  return [
    '--configure',
    '--mtu=65520',
    '--enable-seccomp',
    ...(request.hostLoopback ? [] : ['--disable-host-loopback']),
    ...(request.dns ? [] : ['--disable-dns']),
    `--ready-fd=${descriptors.ready}`,
    `--exit-fd=${descriptors.exit}`,
    `--api-socket=${apiSocket}`,
    ...target,
    'tap0',
  ];
}

async function attach(tools: Toolbox, asRoot: boolean, request: ForwardRequest): Promise<Forward> {
  const undo = createTeardown();
  const apiSocket = join(request.directory, 'api');
  const logFile = join(request.directory, 'forwarder.log');
  try {
    const own = ownUntil(undo);
    const log = own(openSync(logFile, 'a', 0o600));
    const life = own(request.life.openReader());
    const liveness = own(openReader(join(request.directory, fifos.forwarder)));
    const token = own(openWriter(join(request.directory, fifos.forwarder)));
    const child = startChild(tools('slirp4netns'), slirpArgv(request, apiSocket, asRoot), {
      stdio: ['ignore', log.fd, log.fd, 'pipe', life.fd, token.fd],
      detached: true, // its own session: Ctrl-C must not reach it, and it outlives us
    });
    const pid = child.process.pid;
    if (pid === undefined) await child.exited;
    const identity = pid === undefined ? null : identify(pid);
    undo.add('forwarder', async () => {
      child.process.kill('SIGKILL');
      await child.exited; // then the port is free
    });
    for (const descriptor of [token, life, log]) descriptor.close();

    const ready = child.process.stdio[descriptors.ready] as Readable;
    const died = child.exited.then(() => {
      throw new PortwrapError('FORWARD_FAILED', `slirp4netns failed: ${lastLine(logFile)}`, {
        hint: slirpHint(readFileSync(logFile, 'utf8')),
      });
    });
    await withDeadline(
      Promise.race([readByte(ready), died]),
      readyDeadline,
      () => new PortwrapError('FORWARD_FAILED', `slirp4netns was not ready within ${readyDeadline} ms`),
    );
    const hostPort = await Promise.race([bindHostPort(apiSocket, request), died]);
    await rm(apiSocket, { force: true });
    if (identity === null) throw new PortwrapError('FORWARD_FAILED', 'slirp4netns ended at once');
    undo.release();
    const watched = watchLiveness(liveness.fd);
    // our own child must also be reaped before it counts as gone
    const gone = Promise.all([watched.gone, child.exited]).then(() => {});
    const close = () => {
      watched.close();
      child.process.unref(); // whoever leaves it may end before it does
    };
    return { hostPort, process: identity, liveness: { gone, close } };
  } catch (error) {
    await rm(apiSocket, { force: true });
    await undo.run();
    throw error;
  }
}

/** The bind is the lease: a port is ours when slirp4netns says so, and never before. */
async function bindHostPort(apiSocket: string, request: ForwardRequest): Promise<number> {
  const tried: number[] = [];
  for (const hostPort of request.hostPorts) {
    const reply = await askSlirp(apiSocket, {
      execute: 'add_hostfwd',
      arguments: {
        proto: 'tcp',
        host_addr: request.hostAddress,
        host_port: hostPort,
        guest_addr: slirpNetwork.guest,
        guest_port: request.guestPort,
      },
    });
    if ('return' in reply) return hostPort;
    tried.push(hostPort);
  }
  const first = tried[0];
  throw tried.length === 1
    ? new PortwrapError(
        'PORT_TAKEN',
        `host port ${first} on ${request.hostAddress} cannot be bound: it is taken, or the address is not this host's`,
      )
    : new PortwrapError(
        'PORTS_EXHAUSTED',
        `none of ${tried.length} host ports on ${request.hostAddress} could be bound`,
      );
}

/** One request, one connection, under 4096 bytes, closed for writing: slirp4netns stops for it meanwhile. */
async function askSlirp(apiSocket: string, request: object): Promise<Record<string, unknown>> {
  const socket = connect({ path: apiSocket });
  const answer = new Promise<string>((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.once('end', () => resolve(text));
    socket.once('error', reject);
  });
  socket.end(JSON.stringify(request));
  return withDeadline(answer, answerDeadline, () => noAnswer(socket)).then(
    (text) => parseAnswer(text),
    (cause) => {
      throw new PortwrapError('FORWARD_FAILED', 'slirp4netns did not answer on its API socket', { cause });
    },
  );
}

function noAnswer(socket: Socket): Error {
  socket.destroy();
  return new Error(`no answer within ${answerDeadline} ms`);
}

function parseAnswer(text: string): Record<string, unknown> {
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== 'object' || answer === null) throw new Error('the answer is not an object');
  return answer as Record<string, unknown>;
}

function readByte(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    // at end of file without a byte it died: its exit tells why
    stream.once('data', () => {
      stream.destroy();
      resolve();
    });
    stream.once('error', () => {});
  });
}

function lastLine(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return (
    lines
      .filter((line) => !line.startsWith('WARNING'))
      .slice(-3)
      .join(' / ') || 'no message'
  );
}

function slirpHint(log: string): string | undefined {
  if (!log.includes('/dev/net/tun')) return undefined;
  return log.includes('Permission denied')
    ? 'This account may not open /dev/net/tun. As root: chmod 0666 /dev/net/tun'
    : 'The kernel module tun is missing. As root: modprobe tun';
}
