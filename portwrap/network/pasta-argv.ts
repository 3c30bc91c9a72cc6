// pasta's arguments, and the few lines of sh(1) that end pasta with its sandbox, as pure functions.
// Not here: starting it (pasta.ts).
import type { ForwardRequest } from './forwarder.ts';
import type { SandboxOwner } from './forwarder-account.ts';
import { slirpNetwork } from './policy.ts';
import type { UplinkRequest } from './uplink.ts';

/** The features of the installed pasta, read from its help: the options changed much between 2023 and 2025. */
export interface PastaFeatures {
  /** `--map-host-loopback ADDRESS|none`, the successor of `--no-map-gw`. */
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
 * Whether this version transfers every byte. Measured: the version of 2023-03 (Debian 12) occasionally stalls in
 * transfers of 64 MB, and truncates some. It lacks an option by which later versions are recognized.
 */
export function keepsLargeTransfers(help: string): boolean {
  return pastaFeatures(help).mapHostLoopback;
}

/** What it forwards, if it is the forwarder, too. */
export interface PastaForward extends Pick<ForwardRequest, 'hostAddress' | 'guestPort'> {
  readonly hostPort: number;
}

/**
 * The arguments. The guest gets slirp4netns' addresses, so that policy and resolv.conf do not depend on the
 * forwarder. All four port options are given, because the default of each is to forward every bound port.
 */
export function pastaArgv(
  request: Pick<UplinkRequest, 'child' | 'hostLoopback' | 'dns'>,
  forward: PastaForward | null,
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
    // in the foreground: in the background a newer pasta closes every descriptor but the first three
    ...['--foreground', '--quiet', '--ipv4-only', '--config-net', '--ns-ifname', 'tap0'],
    ...['--address', guest, '--netmask', cidr.slice(cidr.indexOf('/') + 1), '--gateway', gateway],
    ...(request.dns ? ['--dns-forward', dns] : []),
    ...hostLoopback,
    ...(features.hostLoToNsLo ? ['--host-lo-to-ns-lo'] : []),
    ...['--tcp-ports', forward === null ? 'none' : forwardedPort(forward)],
    ...['--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    // written to the FIFO of its role when pasta is ready: this FIFO reports both its readiness and its end
    ...['--pid', '/proc/self/fd/1'],
    // else root would switch to the account nobody, which may not enter the sandbox
    ...(owner?.uid === 0 ? ['--runas', '0:0'] : []),
    String(request.child),
  ];
}

function forwardedPort({ hostAddress, hostPort, guestPort }: PastaForward): string {
  return `${hostAddress}/${hostPort}:${guestPort}`;
}

/**
 * Runs "$@" and ends it when standard input, the sandbox's life FIFO, ends; ends itself when "$@" does. It only
 * blocks in a read, and costs 0.1 MB. Bytes in the FIFO have no meaning (a payload may write some); a flood of
 * them without a line end reaches the memory limit, and the EXIT trap runs.
 */
export const untilSandboxEnds = [
  'trap exit CHLD', // before it is started: one that ends at once is noticed, too
  '"$@" </dev/null &',
  'forwarder=$!',
  'exec 1>&2', // only the forwarder may hold the FIFO, or its end would go unnoticed
  "trap 'kill -KILL $forwarder 2>/dev/null' EXIT",
  'trap exit TERM',
  'ulimit -v 65536',
  'while read -r _; do :; done',
].join('\n');
