// From a start request, its profile and its tenant to the specification of a sandbox. Pure but for the
// look-up of the hub's address. Not here: the launch.
import { lookup } from 'node:dns/promises';
import { PortwrapError } from '../config/errors.ts';
import type { Hub, Profile } from '../config/load.ts';
import {
  type Endpoint,
  fileView,
  type NetworkPolicy,
  noLimits,
  type SandboxSpec,
  substituteGuestPort,
} from '../portwrap/index.ts';
import type { Tenant } from './accounts.ts';
import type { StartRequest } from './start-request.ts';

export interface SpecInput {
  readonly request: StartRequest;
  readonly hub: Hub;
  readonly profile: Profile;
  readonly tenant: Tenant;
  readonly directory: string;
  readonly stateDirectory: string;
  readonly hostAddress: string;
  readonly hostPorts: Iterable<number>;
  /** Where the server's output goes. */
  readonly log: number;
}

export async function sandboxSpec(input: SpecInput): Promise<SandboxSpec> {
  const { request, profile, tenant } = input;
  return {
    directory: input.directory,
    command: substituteGuestPort(
      [...(request.command ?? profile.command), ...request.args],
      profile.guest_port,
    ),
    environment: serverEnvironment(profile, request.env, tenant),
    workingDirectory: tenant.home,
    account: tenant.account,
    files: fileView({ keep: [tenant.home], hide: [input.stateDirectory], synthetic: tenant.files }),
    policy: await networkPolicy(profile, input.hub),
    limits: noLimits,
    hostAddress: input.hostAddress,
    hostPorts: input.hostPorts,
    guestPort: profile.guest_port,
    lifetime: 'detached',
    stdio: ['ignore', input.log, input.log],
  };
}

/** The hub's environment goes in as it is; who the account is, is not the hub's to say. */
export function serverEnvironment(
  profile: Profile,
  fromHub: Readonly<Record<string, string>>,
  tenant: Tenant,
): Record<string, string> {
  return { PATH: profile.path.join(':'), ...profile.environment, ...fromHub, ...tenant.environment };
}

export async function networkPolicy(profile: Profile, hub: Hub): Promise<NetworkPolicy> {
  const { network } = profile;
  return {
    internet: network.internet,
    dns: network.dns,
    hosts: [
      ...(network.hub ? [await hubEndpoint(hub)] : []),
      ...network.host_ports.map((port) => ({ address: '127.0.0.1', port })),
    ],
  };
}

async function hubEndpoint(hub: Hub): Promise<Endpoint> {
  const { hostname, port, protocol } = new URL(hub.api_url);
  try {
    const { address } = await lookup(hostname, { family: 4 });
    return { address, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  } catch (cause) {
    throw new PortwrapError('POLICY_FAILED', `the hub's address "${hostname}" has no IPv4 address`, {
      cause,
    });
  }
}
