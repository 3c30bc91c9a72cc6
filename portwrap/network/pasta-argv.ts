// pasta's arguments, and the few lines of sh(1) that end it with its sandbox, as pure functions.
// Not here: starting it (pasta.ts).
import type { ForwardRequest } from './forwarder.ts';
import type { SandboxOwner } from './forwarder-account.ts';
import { slirpNetwork } from './policy.ts';

/** What this pasta can do, as its help says: the options changed much between 2023 and 2025. */
export interface PastaFeatures {
  /** `--map-host-loopback ADDRESS|none`, which `--no-map-gw` became. */
  readonly mapHostLoopback: boolean;
  /** `--host-lo-to-ns-lo`: without it a newer pasta does not reach a guest that listens on 127.0.0.1. */
  readonly hostLoToNsLo: boolean;
}

export function pastaFeatures(help: string): PastaFeatures {
  return {
    mapHostLoopback: help.includes('--map-host-loopback'),
    hostLoToNsLo: help.includes('--host-lo-to-ns-lo'),
  };
}

/**
 * Is it a version that keeps every byte? That of 2023-03 (Debian 12) was measured to stall now and then in
 * transfers of 64 MB, and to end some short. It is told from later ones by an option that they have.
 */
export function keepsLargeTransfers(help: string): boolean {
  return pastaFeatures(help).mapHostLoopback;
}

/**
 * The arguments. The guest gets slirp4netns' addresses, so that policy and resolv.conf need not know which
 * forwarder it is. All four port options are given: each one's default is to forward whatever is bound.
 */
export function pastaArgv(
  request: ForwardRequest,
  hostPort: number,
  features: PastaFeatures,
  owner: SandboxOwner | null,
): string[] {
  const { gateway, guest, dns, cidr } = slirpNetwork;
  const hostLoopback = features.mapHostLoopback
    ? ['--map-host-loopback', request.hostLoopback ? gateway : 'none']
    : request.hostLoopback
      ? []
      : ['--no-map-gw'];
  return [
    // in the foreground: a newer pasta closes every descriptor but these three when it goes to the background
    ...['--foreground', '--quiet', '--ipv4-only', '--config-net', '--ns-ifname', 'tap0'],
    ...['--address', guest, '--netmask', cidr.slice(cidr.indexOf('/') + 1), '--gateway', gateway],
    ...(request.dns ? ['--dns-forward', dns] : []),
    ...hostLoopback,
    ...(features.hostLoToNsLo ? ['--host-lo-to-ns-lo'] : []),
    ...['--tcp-ports', `${request.hostAddress}/${hostPort}:${request.guestPort}`],
    ...['--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    // written when it is ready, to the forwarder's FIFO: both its readiness and its life are told there
    ...['--pid', '/proc/self/fd/1'],
    // root would become nobody, who may not enter the sandbox
    ...(owner?.uid === 0 ? ['--runas', '0:0'] : []),
    String(request.child),
  ];
}

/**
 * Runs "$@" and ends it when standard input, the sandbox's life FIFO, ends; ends itself when "$@" does. A
 * blocking read is all it does, at the cost of 0.1 MB. Bytes in the FIFO mean nothing (a payload may write
 * some); a flood of them without a line's end meets the memory limit, and the EXIT trap.
 */
export const untilSandboxEnds = [
  '"$@" </dev/null &',
  'forwarder=$!',
  'exec 1>&2', // its end must be seen, so nobody but it may hold the FIFO
  "trap 'kill -KILL $forwarder 2>/dev/null' EXIT",
  'trap exit CHLD TERM',
  'ulimit -v 65536',
  'while read -r _; do :; done',
].join('\n');
