// portwrap-forward's arguments, as pure functions. Not here: starting it (start-program.ts), what they do (native/forward/).
import type { ForwardRequest } from '../forwarder.ts';
import type { SandboxOwner } from '../forwarder-account.ts';
import { insideOf, slirpNetwork } from '../policy.ts';

/**
 * The descriptors that it inherits, beyond standard error. `program` has two digits: then the path below is as long as
 * the name portwrap-forward, by which the program replaces it in lists of processes.
 */
export const descriptors = { alive: 3, ready: 4, messages: 5, until: 6, directory: 7, program: 10 } as const;

/** It is executed by its descriptor: the directories above it may be accessible only to the launcher. */
export const programInside = `/proc/self/fd/${descriptors.program}`;

/** portwrap-forward tries no more. */
export const mostHostPorts = 1024;

type Wanted = Pick<ForwardRequest, 'child' | 'hostAddress' | 'guestPort' | 'routes' | 'messages'>;

/** Whose the program becomes, from root. */
export interface BecomeOwner extends SandboxOwner {
  /** It must bind ports that are reserved for root. */
  readonly lowPorts: boolean;
}

/** `owner`: of the sandbox; null: the launcher is not root, and is itself the owner. */
export function builtinArgv(
  request: Wanted,
  hostPorts: readonly number[],
  owner: BecomeOwner | null,
): string[] {
  const { child, hostAddress, guestPort, routes, messages } = request;
  const ways = new Map(routes.map((host) => [`${insideOf(host, slirpNetwork)} ${host.port}`, host]));
  return [
    ...['--sandbox', String(child)],
    ...(owner === null ? [] : ['--account', String(owner.uid), String(owner.gid)]),
    ...(owner?.lowPorts ? ['--low-ports'] : []),
    ...['--alive', String(descriptors.alive), '--ready', String(descriptors.ready)],
    ...(messages === null ? [] : ['--messages', String(descriptors.messages)]),
    ...['--bind', hostAddress, hostPorts.join(',')],
    ...targets.flatMap((address) => ['--inside', address, String(guestPort)]),
    ...[...ways].flatMap(([inside, { address, port }]) => [
      '--route',
      ...inside.split(' '),
      ...[address, String(port)],
    ]),
  ];
}

/** For a relay: the way to one port, from a unix socket in the directory that it inherits. `owner` as above. */
export function relayArgv(child: number, port: number, owner: SandboxOwner | null): string[] {
  return [
    ...['--sandbox', String(child)],
    ...(owner === null ? [] : ['--account', String(owner.uid), String(owner.gid)]),
    ...['--ready', String(descriptors.ready), '--until', String(descriptors.until)],
    ...['--bind-in', String(descriptors.directory)],
    ...targets.flatMap((address) => ['--inside', address, String(port)]),
  ];
}

/** Where servers listen inside, the usual address first. */
const targets = ['127.0.0.1', '::1', slirpNetwork.guest] as const;
