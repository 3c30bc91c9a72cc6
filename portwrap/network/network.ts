// The network of a sandbox: a forward that leads in, and an uplink that leads out where the policy needs one. Their
// tables of drivers. Not here: the drivers themselves.
import type { Toolbox } from '../system/tools.ts';
import { createBuiltin } from './builtin/builtin.ts';
import { isForwardProgramThere } from './builtin/program.ts';
import type { Forwarder } from './forwarder.ts';
import { createPasta, createPastaUplink } from './pasta.ts';
import type { Endpoint, NetworkPolicy } from './policy.ts';
import { createSlirp4netns, createSlirp4netnsUplink } from './slirp4netns.ts';
import type { Uplink } from './uplink.ts';

const forwarders = { builtin: createBuiltin, slirp4netns: createSlirp4netns, pasta: createPasta } as const;
const uplinks = { slirp4netns: createSlirp4netnsUplink, pasta: createPastaUplink } as const;

export type ForwarderName = keyof typeof forwarders;
export type UplinkName = keyof typeof uplinks;

export const forwarderNames = Object.keys(forwarders) as readonly ForwarderName[];
export const uplinkNames = Object.keys(uplinks) as readonly UplinkName[];

/** What was configured; null: the default of this machine. */
export interface NetworkChoice {
  readonly forwarder: ForwarderName | null;
  readonly uplink: UplinkName | null;
}

export interface Network {
  readonly forwarder: Forwarder;
  /** The way out, for a forwarder that is none itself; null: the forwarder is. */
  readonly uplink: Uplink | null;
}

export function createUplink(name: UplinkName, tools: Toolbox, asRoot: boolean): Uplink {
  return uplinks[name](tools, asRoot);
}

export function createNetwork(choice: NetworkChoice, tools: Toolbox, asRoot: boolean): Network {
  const names = resolveNetwork(choice, isForwardProgramThere());
  return {
    forwarder: forwarders[names.forwarder](tools, asRoot),
    uplink: names.forwarder === 'builtin' ? uplinks[names.uplink](tools, asRoot) : null,
  };
}

/**
 * The default forwarder is `builtin`, or the uplink's own forward where the program for it is missing; the default
 * uplink is slirp4netns. slirp4netns and pasta as forwarders are their own uplink.
 */
export function resolveNetwork(
  { forwarder, uplink }: NetworkChoice,
  isBuiltinThere: boolean,
): { readonly forwarder: ForwarderName; readonly uplink: UplinkName } {
  if (forwarder === 'builtin' || (forwarder === null && isBuiltinThere))
    return { forwarder: 'builtin', uplink: uplink ?? 'slirp4netns' };
  const both = forwarder ?? uplink ?? 'slirp4netns';
  return { forwarder: both, uplink: both };
}

/** Whether a forwarder of that name reaches a server that listens inside on 127.0.0.1 or ::1 only. */
export function reachesLoopback(forwarderName: string): boolean {
  return forwarderName !== 'slirp4netns';
}

/** Whether these two can be used together. */
export function fitTogether({ forwarder, uplink }: NetworkChoice): boolean {
  return forwarder === null || forwarder === 'builtin' || uplink === null || uplink === forwarder;
}

/** How the sandbox of one policy is connected. */
export interface WaysOut {
  /** Whether IPv6 addresses can be reached. */
  readonly carriesIpv6: boolean;
  /** Attached besides the forwarder; null: the forwarder leads out, or nothing needs to. */
  readonly uplink: Uplink | null;
  /** Listeners of this host to which the forwarder leads because nothing else does. */
  readonly routes: readonly Endpoint[];
}

/** What the choice of programs depends on, of a policy. */
export type Reach = Pick<NetworkPolicy, 'internet' | 'dns' | 'hosts'>;

/** The programs that sandboxes of these policies use. */
export interface UsedPrograms {
  readonly forwarder: ForwarderName;
  /** null: none of the policies needs one. */
  readonly uplink: UplinkName | null;
}

export function usedPrograms(choice: NetworkChoice, reach: readonly Reach[]): UsedPrograms {
  const { forwarder, uplink } = resolveNetwork(choice, isForwardProgramThere());
  return { forwarder, uplink: forwarder === 'builtin' && !reach.some(needsUplink) ? null : uplink };
}

/** portwrap-forward takes no more. */
const mostRoutes = 64;

export function waysOut({ forwarder, uplink }: Network, policy: NetworkPolicy): WaysOut {
  if (uplink === null) return { uplink: null, routes: [], carriesIpv6: forwarder.carriesIpv6 };
  if (needsUplink(policy)) return { uplink, routes: [], carriesIpv6: uplink.carriesIpv6 };
  return { uplink: null, routes: policy.hosts, carriesIpv6: false };
}

function needsUplink({ internet, dns, hosts }: Reach): boolean {
  const reachesNetworks = internet === true || (internet !== false && internet.allow.length > 0);
  return reachesNetworks || dns || hosts.length > mostRoutes;
}
