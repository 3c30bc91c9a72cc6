// slirp4netns, as the uplink or as the forwarder, too: arguments, start, readiness by descriptor, the host port over its
// API socket, which an uplink does not have. A program that reaches the socket could forward any port of the host: it
// never has a name that a payload can see.
// Not here: when it is attached (launch/launch.ts), its account (forwarder-account.ts).
import { chownSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import { startChild } from '../system/child.ts';
import { withDeadline } from '../system/deadline.ts';
import { ownDescriptor, ownUntil } from '../system/descriptor.ts';
import { fifos, openReader, openWriter } from '../system/liveness.ts';
import { identify } from '../system/process.ts';
import { createTeardown } from '../system/teardown.ts';
import type { Toolbox } from '../system/tools.ts';
import type { Forwarder, ForwardRequest, Preparation } from './forwarder.ts';
import { asSandboxOwner, needsRootPorts, type SandboxOwner, sandboxOwner } from './forwarder-account.ts';
import { noPortBound } from './host-ports.ts';
import { makeNamelessDirectory, type NamelessDirectory } from './nameless-directory.ts';
import { slirpNetwork } from './policy.ts';
import type { Attached, Uplink, UplinkRequest } from './uplink.ts';
import { watchProgram } from './watch-program.ts';

/** Milliseconds until slirp4netns must be ready, and until it must respond to one API request. */
const readyDeadline = 10_000;
const responseDeadline = 5_000;

export function createSlirp4netns(tools: Toolbox, asRoot: boolean): Forwarder {
  const prepare = (): Preparation => {
    // root's directories are closed to other accounts; an ordinary user has no directory that is closed to itself
    const hidden = asRoot ? null : makeNamelessDirectory(tools);
    return {
      async attach(request) {
        const hostPorts = [...request.hostPorts];
        const role = { ...forwarderRole, lowPorts: needsRootPorts(hostPorts) };
        return start(tools, asRoot, request, role, {
          open: (owner) => openApiDirectory(tools, request.directory, owner, hidden),
          use: async (socket) => ({ hostPort: await bindHostPort(socket, request, hostPorts) }),
        });
      },
      close: async () => hidden?.close(),
    };
  };
  return {
    name: 'slirp4netns',
    carriesIpv6: true,
    prepare,
    async attach(request) {
      const prepared = prepare();
      return prepared.attach(request).finally(() => prepared.close());
    },
  };
}

export function createSlirp4netnsUplink(tools: Toolbox, asRoot: boolean): Uplink {
  return {
    name: 'slirp4netns',
    carriesIpv6: true,
    attach: (request) => start(tools, asRoot, request, uplinkRole, null),
  };
}

/** What differs between the two roles. */
interface Role {
  /** Its FIFO, and its log, in the sandbox's directory. */
  readonly fifo: string;
  readonly log: string;
  /** Whether it must bind ports that are reserved for root. */
  readonly lowPorts: boolean;
}

const forwarderRole = { fifo: fifos.forwarder, log: 'forwarder.log' };
const uplinkRole: Role = { fifo: fifos.uplink, log: 'uplink.log', lowPorts: false };

const descriptors = { ready: 3, exit: 4, token: 5, api: 6 } as const;

/** The API socket in the directory of which `fd` is a descriptor of the caller. */
const apiSocket = (fd: number) => `/proc/self/fd/${fd}/socket`;

/**
 * The arguments. `api`: with the API socket. `confined`: it runs as root, so it gives up the host's file system and its
 * capabilities. This needs a mount namespace of its own (mounts/own.ts): it makes only "/" private before it mounts and
 * unmounts.
 */
export function slirpArgv(
  request: Pick<UplinkRequest, 'child' | 'hostLoopback' | 'dns' | 'ipv6'>,
  { confined, api }: { confined: boolean; api: boolean },
): string[] {
  const target = confined
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
    ...(request.ipv6 ? ['--enable-ipv6'] : []),
    `--ready-fd=${descriptors.ready}`,
    `--exit-fd=${descriptors.exit}`,
    ...(api ? [`--api-socket=${apiSocket(descriptors.api)}`] : []),
    ...target,
    'tap0',
  ];
}

/** The API socket: opened for the owner of the sandbox, and used once slirp4netns is ready. */
interface Api<T> {
  open(owner: SandboxOwner | null): Promise<ApiDirectory>;
  use(socket: string): Promise<T>;
}

async function start<T extends object>(
  tools: Toolbox,
  asRoot: boolean,
  request: UplinkRequest,
  role: Role,
  api: Api<T> | null,
): Promise<Attached & T> {
  const undo = createTeardown();
  const logFile = join(request.directory, role.log);
  const owner = asRoot ? sandboxOwner(request.child) : null;
  try {
    const own = ownUntil(undo);
    // without an API nothing is awaited: the program starts before attach() returns
    const opened = api === null ? null : await api.open(owner);
    if (opened !== null) undo.add('API socket', opened.close);
    const log = own(openSync(logFile, 'a', 0o600));
    const life = own(request.life.openReader());
    const liveness = own(openReader(join(request.directory, role.fifo)));
    const token = own(openWriter(join(request.directory, role.fifo)));
    const argv = [
      tools('slirp4netns'),
      ...slirpArgv(request, { confined: owner?.uid === 0, api: api !== null }),
    ];
    const [program = '', ...rest] = asSandboxOwner(tools, owner, role.lowPorts, argv);
    const child = startChild(program, rest, {
      // its banner is discarded, its errors go to the log
      stdio: ['ignore', 'ignore', log.fd, 'pipe', life.fd, token.fd, opened?.fd ?? 'ignore'],
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
      const said = readFileSync(logFile, 'utf8');
      throw new PortwrapError('FORWARD_FAILED', `slirp4netns failed: ${slirpErrors(said)}`, {
        hint: slirpHint(said, owner?.uid),
      });
    });
    await withDeadline(
      Promise.race([readByte(ready), died]),
      readyDeadline,
      () => new PortwrapError('FORWARD_FAILED', `slirp4netns was not ready within ${readyDeadline} ms`),
    );
    const used =
      api === null || opened === null ? ({} as T) : await Promise.race([api.use(apiSocket(opened.fd)), died]);
    await opened?.close();
    if (identity === null) throw new PortwrapError('FORWARD_FAILED', 'slirp4netns ended at once');
    undo.release();
    return { ...used, process: identity, pids: [identity.pid], liveness: watchProgram(liveness.fd, child) };
  } catch (error) {
    return undo.fail(error);
  }
}

interface ApiDirectory {
  readonly fd: number;
  /** Removes the socket. */
  close(): Promise<void>;
}

/** For another account, a directory below one of root's. For the own account, one without a name. */
async function openApiDirectory(
  tools: Toolbox,
  directory: string,
  owner: SandboxOwner | null,
  prepared: NamelessDirectory | null,
): Promise<ApiDirectory> {
  if (owner === null || owner.uid === 0) {
    const nameless = prepared ?? makeNamelessDirectory(tools);
    const { fd } = await nameless.opened;
    let open = true;
    return {
      fd,
      async close() {
        if (!open) return;
        open = false;
        await rm(apiSocket(fd), { force: true }); // slirp4netns keeps its own descriptor of the directory
        await nameless.close();
      },
    };
  }
  const path = join(directory, 'api');
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, owner.uid, owner.gid);
  const descriptor = ownDescriptor(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  return {
    fd: descriptor.fd,
    async close() {
      descriptor.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** The bind is the lease: the port is ours only after slirp4netns has confirmed it. */
async function bindHostPort(
  socket: string,
  request: ForwardRequest,
  hostPorts: readonly number[],
): Promise<number> {
  const tried: number[] = [];
  for (const hostPort of hostPorts) {
    const reply = await askSlirp(socket, {
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
  throw noPortBound(request.hostAddress, tried);
}

/** One request per connection, under 4096 bytes, then closed for writing: slirp4netns blocks until it has read it. */
async function askSlirp(path: string, request: object): Promise<Record<string, unknown>> {
  const socket = connect({ path });
  const response = new Promise<string>((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.once('end', () => resolve(text));
    socket.once('error', reject);
  });
  socket.end(JSON.stringify(request));
  return withDeadline(response, responseDeadline, () => noResponse(socket)).then(
    (text) => parseResponse(text),
    (cause) => {
      throw new PortwrapError('FORWARD_FAILED', 'slirp4netns did not respond on its API socket', { cause });
    },
  );
}

function noResponse(socket: Socket): Error {
  socket.destroy();
  return new Error(`no response within ${responseDeadline} ms`);
}

function parseResponse(text: string): Record<string, unknown> {
  const response: unknown = JSON.parse(text);
  if (typeof response !== 'object' || response === null) throw new Error('the response is not an object');
  return response as Record<string, unknown>;
}

function readByte(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    // end of file without a byte means that it died: its exit explains why
    stream.once('data', () => {
      stream.destroy();
      resolve();
    });
    stream.once('error', () => {});
  });
}

/** The errors in its log: standard error also contains progress messages, which do not explain an end. */
export function slirpErrors(log: string): string {
  const progress = /^(?:sent|received) tapfd|^WARNING|^\* /;
  const lines = log.split('\n').filter((line) => line !== '' && !progress.test(line));
  return lines.slice(-3).join(' / ') || 'no message';
}

export function slirpHint(log: string, uid: number | undefined): string | undefined {
  if (!log.includes('/dev/net/tun')) return undefined;
  const who = uid === undefined ? 'This account' : `The account with uid ${uid}`;
  return log.includes('Permission denied')
    ? `${who} may not open /dev/net/tun. As root: chmod 0666 /dev/net/tun`
    : 'The kernel module tun is missing. As root: modprobe tun';
}
