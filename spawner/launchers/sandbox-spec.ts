// From a start request, its profile and the account it runs as to the specification of a sandbox. Pure but for the
// look-up of the hub's address. Not here: the launch.
import { lookup } from 'node:dns/promises';
import { PortwrapError } from '../../config/errors.ts';
import type { Config, Hub, Profile } from '../../config/load.ts';
import { bytesOf } from '../../config/schema/values/size.ts';
import { portOf } from '../../config/system/url-port.ts';
import {
  type Endpoint,
  type FileViewRequest,
  fileView,
  type Limits,
  type Look,
  type NetworkPolicy,
  type SandboxSpec,
  type TotalLimits,
} from '../../portwrap/index.ts';
import { handOver } from '../requests/server-certificate.ts';
import type { StartRequest } from '../requests/start-request.ts';
import type { RunAs } from './accounts.ts';
import { gpuDevices } from './gpu-devices.ts';
import { serverCommand } from './server-command.ts';

export interface SpecInput {
  readonly request: StartRequest;
  readonly hub: Hub;
  readonly profile: Profile;
  readonly runAs: RunAs;
  /** Sees files as that account does. */
  readonly look: Look;
  readonly user: string;
  readonly directory: string;
  readonly stateDirectory: string;
  /** Files of the service that no sandbox shows. */
  readonly privateFiles: readonly string[];
  readonly hostAddress: string;
  readonly hostPorts: Iterable<number>;
  readonly gpus: Config['gpus'];
  /** The names of the GPUs that it has. */
  readonly granted: readonly string[];
  /** Where the server's output goes. */
  readonly log: number;
}

/** Throws PATH_UNAVAILABLE or SANDBOX_FAILED when a path of the profile or of the user is not as it must be. */
export async function sandboxSpec(input: SpecInput): Promise<SandboxSpec> {
  const { request, profile, runAs } = input;
  const view = fileViewRequest(profile, runAs, input.user, input.stateDirectory, input.privateFiles);
  const gpus = gpuDevices(input.gpus, view, input.granted);
  const tls = request.tls === undefined ? null : handOver(request.tls, input.stateDirectory);
  return {
    directory: input.directory,
    command: serverCommand(profile, request, profile.guest_port),
    environment: {
      ...serverEnvironment(profile, request.env, runAs),
      ...gpus.environment,
      ...tls?.environment,
    },
    workingDirectory: workingDirectory(profile, runAs, input.user),
    umask: profile.umask,
    account: runAs.account,
    files: await fileView(
      {
        ...view,
        ...gpus.devices,
        uid: runAs.account?.uid ?? process.getuid?.() ?? 0,
        synthetic: [...(view.synthetic ?? []), ...(tls?.files ?? [])],
      },
      input.look,
    ),
    policy: await networkPolicy(profile, input.hub),
    socketFamilies: profile.network.socket_families,
    limits: profileLimits(profile),
    hostAddress: input.hostAddress,
    hostPorts: input.hostPorts,
    guestPort: profile.guest_port,
    lifetime: 'detached',
    stdio: ['ignore', input.log, input.log],
  };
}

/** The view of the profile, with this user's paths. The state directory and `privateFiles` are hidden whatever a profile says. */
export function fileViewRequest(
  { files, resources }: Profile,
  runAs: RunAs,
  user: string,
  stateDirectory: string,
  privateFiles: readonly string[],
): FileViewRequest {
  const ofUser = (path: string) => pathOfUser(path, user, runAs.home);
  return {
    preset: files.view,
    keep: [runAs.home],
    state: stateDirectory,
    // another account is kept from them by their modes, and may not even reach where they would be covered
    hide: [
      ...(runAs.account === null ? privateFiles.filter(isNotAround(runAs.home)) : []),
      ...files.hide.map(ofUser),
    ],
    readOnly: files.read_only.map(ofUser),
    readWrite: files.read_write.map(ofUser),
    temporary: files.temporary.map(ofUser),
    temporaryIn: ofUser(files.temporary_in),
    temporarySize: files.temporary_size === null ? null : bytesOf(files.temporary_size),
    memory: resources.memory === null ? null : bytesOf(resources.memory),
    devices: files.devices === 'all' ? 'all' : 'basic',
    extraDevices: typeof files.devices === 'string' ? [] : files.devices,
    synthetic: runAs.files,
  };
}

function pathOfUser(path: string, user: string, home: string): string {
  if (path.includes('{username}') && (user.includes('/') || user === '.' || user === '..')) {
    throw new PortwrapError('USER_REFUSED', `the name "${user}" cannot stand in the path ${path}`);
  }
  return path.replaceAll('{username}', () => user).replaceAll('{home}', () => home);
}

export function workingDirectory(profile: Profile, { home }: RunAs, user: string): string {
  return pathOfUser(profile.working_directory, user, home);
}

/** A directory around the home cannot be hidden. */
function isNotAround(home: string): (path: string) => boolean {
  return (path) => !`${home}/`.startsWith(`${path}/`);
}

/** What all servers together may use. */
export function totalLimits({ memory, cpus, processes }: Config['limits']): TotalLimits {
  return { memory: memory === null ? null : bytesOf(memory), cpus, processes };
}

/** What its servers may use, before anybody chooses. */
export function profileLimits({ resources }: Pick<Profile, 'resources'>): Limits {
  const bytes = (text: string | null) => (text === null ? null : bytesOf(text));
  return {
    memory: bytes(resources.memory),
    memoryHigh: bytes(resources.memory_high),
    cpus: resources.cpus,
    processes: resources.processes,
    cpuWeight: resources.cpu_weight,
    ioWeight: resources.io_weight,
    nice: resources.nice,
    openFiles: resources.open_files,
  };
}

/** The hub's environment goes in as it is; who the account is, is not the hub's to say. */
export function serverEnvironment(
  profile: Profile,
  fromHub: Readonly<Record<string, string>>,
  runAs: RunAs,
): Record<string, string> {
  const shell = profile.shell === null ? {} : { SHELL: profile.shell };
  return { PATH: profile.path.join(':'), ...profile.environment, ...fromHub, ...runAs.environment, ...shell };
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
  const url = new URL(hub.api_url);
  const { hostname } = url;
  try {
    const { address } = await lookup(hostname, { family: 4 });
    return { address, port: portOf(url) };
  } catch (cause) {
    throw new PortwrapError('POLICY_FAILED', `the hub's address "${hostname}" has no IPv4 address`, {
      cause,
    });
  }
}
