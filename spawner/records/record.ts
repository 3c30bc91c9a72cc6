// What the service keeps on disk about one server, so that a restarted service can adopt it. No secrets:
// neither the environment nor a token is ever written. Not here: where the files are (records.ts).
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { launcherNames } from './launcher-names.ts';
import { startPhases } from './meter.ts';
import { recordedHookSchema } from './recorded-hook.ts';
import { serverState } from './server-state.ts';

const identity = z.object({ pid: z.int().positive(), startTime: z.number() });

const sandboxSchema = z.object({
  directory: z.string(),
  bootId: z.string(),
  child: identity,
  forwarder: identity,
  forwarderName: z.string().default('slirp4netns'),
  /** null, too, in records of an earlier version: their forwarder leads out. */
  uplink: identity.nullable().default(null),
  uplinkName: z.string().nullable().default(null),
  hostAddress: z.string(),
  hostPort: z.int(),
  guestPort: z.int(),
  hostLoopback: z.boolean().default(true),
  dns: z.boolean().default(true),
  ipv6: z.boolean().default(false),
  routes: z
    .array(z.object({ address: z.string(), port: z.int() }))
    .readonly()
    .default([]),
  cgroup: z
    .object({ version: z.literal([1, 2]), directories: z.record(z.string(), z.string()) })
    .nullable()
    .default(null),
});

export const jobSchema = z.object({
  /** Slurm's number. */
  id: z.string().regex(/^\d+$/),
  /** Of the cluster; null: it waits for one. */
  node: z.string().nullable(),
  /** Where the server is reached; null: it does not run yet. */
  host: z.string().nullable(),
  port: z.int().nullable(),
  /** When the time limit ends it; null: not known. */
  ends_at: z.iso.datetime().nullable(),
});

export const errorSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  server: z.string().optional(),
  log: z.array(z.string()).optional(),
});

export const exitSchema = z.object({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  out_of_memory: z.boolean().default(false),
  /** Why it ended, as a sentence; "" in records of an earlier version. */
  reason: z.string().default(''),
  time: z.iso.datetime(),
});

export const recordSchema = z.object({
  id: z.string(),
  hub: z.string(),
  user: z.string(),
  name: z.string(),
  spawn_id: z.string(),
  profile: z.string(),
  route_prefix: z.string().nullable(),
  /** Where the proxy routes by host; null: the prefix counts on every host. */
  route_host: z.string().nullable().default(null),
  ready_path: z.string(),
  /** The SHA-256 fingerprint of the certificate with which it speaks TLS; null: it speaks HTTP without. */
  certificate: z.string().nullable().default(null),
  state: serverState,
  /** Of the request that started it; never the request itself. */
  request_digest: z.string().default(''),
  started: z.iso.datetime(),
  launcher: z.enum(launcherNames).default('local'),
  /** Milliseconds that the parts of its start took (meter.ts). */
  phases: z.partialRecord(z.enum(startPhases), z.number()).default({}),
  /** With the launcher local. */
  sandbox: sandboxSchema.nullable(),
  /** With the launcher slurm. */
  job: jobSchema.nullable().default(null),
  /** Of its profile: seconds from `started` in which its job must run, submitted or not; null: no limit. */
  queue_timeout: z.number().nullable().default(null),
  /** The GPUs that it has: the first node of each. */
  gpus: z.array(z.string()).readonly().default([]),
  /** What its user has chosen, or gets by default: each option with its label and its value, for people. */
  settings: z
    .array(z.object({ name: z.string(), title: z.string(), value: z.string() }))
    .readonly()
    .default([]),
  /** In force at its start: bytes, and a number of CPUs; null: no limit, or a record of an earlier version. */
  limits: z
    .object({ memory: z.number().nullable(), cpus: z.number().nullable() })
    .default({ memory: null, cpus: null }),
  /** What runs when it has ended, from the moment at which that is due; null: nothing. */
  after_end: recordedHookSchema.nullable().default(null),
  exit: exitSchema.nullable(),
  error: errorSchema.nullable(),
});

/** A failure as hubs see it; `log` has the last lines, oldest first. */
export type ErrorBody = Readonly<z.infer<typeof errorSchema>>;

export type ServerRecord = Readonly<z.infer<typeof recordSchema>>;

/** What a launcher needs to find its server again. */
export type Placement = Pick<ServerRecord, 'sandbox' | 'job'>;
export const noPlacement: Placement = { sandbox: null, job: null };
export type JobPlacement = NonNullable<Placement['job']>;

/** Where a server is reachable; null while nothing of it runs. */
export function addressOf({ sandbox, job }: Placement): { host: string; port: number } | null {
  if (sandbox !== null) return { host: sandbox.hostAddress, port: sandbox.hostPort };
  return job === null || job.host === null || job.port === null ? null : { host: job.host, port: job.port };
}

/** The path of its route in the proxy's table, which begins with the host where the proxy routes by host; null: none. */
export function routeOf({ route_host, route_prefix }: ServerRecord): string | null {
  return route_host === null || route_prefix === null ? route_prefix : `/${route_host}${route_prefix}`;
}

/** The path of the ports of a server that runs here, without "/" at the end; null: its ports have no addresses. */
export function portsPathOf({ route_prefix, sandbox }: ServerRecord): string | null {
  return route_prefix === null || sandbox === null ? null : `${route_prefix}port`;
}

/** Who a server is: the same user's server of the same name on another hub is another server. */
export interface ServerKey {
  readonly hub: string;
  readonly user: string;
  /** The default server's name is "". */
  readonly name: string;
}

/** A server as the key of a map. */
export function keyText({ hub, user, name }: ServerKey): string {
  return JSON.stringify([hub, user, name]);
}

/** A server and its spawn id, as the key of a map. */
export function spawnKeyText({ hub, user, name }: ServerKey, spawnId: string): string {
  return JSON.stringify([hub, user, name, spawnId]);
}

/** The name of a spawn in file names: short (socket paths contain it) and unique. */
export function recordId(key: ServerKey, spawnId: string): string {
  return createHash('sha256').update(spawnKeyText(key, spawnId)).digest('hex').slice(0, 12);
}

/** Could this be the name of a file of ours? */
export function isRecordId(text: string): boolean {
  return /^[0-9a-f]{12}$/.test(text);
}

/** How people name a server: user or user/name. */
export function serverLabel(key: { readonly user: string; readonly name: string }): string {
  return key.name === '' ? key.user : `${key.user}/${key.name}`;
}
