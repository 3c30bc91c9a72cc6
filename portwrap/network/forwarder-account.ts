// The account of a forwarder when the launcher is root: that of its sandbox, without capabilities. A forwarder parses
// packets of untrusted users, so a vulnerability in it must not give access to a process of root.
// Not here: its arguments (slirp4netns.ts, pasta-argv.ts); portwrap-forward, which becomes that account by itself.
import { readFileSync } from 'node:fs';
import { inOwnMounts } from '../mounts/own.ts';
import { becomeBareArgv } from '../system/account.ts';
import type { Toolbox } from '../system/tools.ts';

/** Real uid and gid of a sandbox's first process, as the host sees them. */
export interface SandboxOwner {
  readonly uid: number;
  readonly gid: number;
}

export function sandboxOwner(child: number): SandboxOwner {
  const status = readFileSync(`/proc/${child}/status`, 'utf8');
  const id = (name: string) => Number(new RegExp(`^${name}:\\t(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { uid: id('Uid'), gid: id('Gid') };
}

/**
 * The argv that runs `argv` as the sandbox's owner; a null owner: the launcher is not root, and is itself the owner.
 * `lowPorts`: it must bind ports that are reserved for root. Only a sandbox of root (--allow-root) has a forwarder
 * that runs as root.
 */
export function asSandboxOwner(
  tools: Toolbox,
  owner: SandboxOwner | null,
  lowPorts: boolean,
  argv: readonly string[],
): string[] {
  if (owner === null) return [...argv];
  if (owner.uid === 0) return inOwnMounts(tools, argv);
  const kept = lowPorts ? 'net_bind_service' : null;
  return [...becomeBareArgv(tools('setpriv'), owner.uid, owner.gid, kept), ...argv];
}

/** Whether any of these ports is reserved for root (ip(7), ip_unprivileged_port_start). */
export function needsRootPorts(ports: readonly number[]): boolean {
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  return ports.some((port) => port < first);
}
