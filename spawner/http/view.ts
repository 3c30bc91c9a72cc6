// How a server looks to a hub (docs/protocol.md, "A server"), as schemas from which the answers' types and the
// OpenAPI document are made. Not here: the record on disk (records/record.ts).
import { z } from 'zod';
import { type ActivityView, activityView, nothingKnown } from '../culling/activity.ts';
import { addressOf, errorSchema, exitSchema, jobSchema, type ServerRecord } from '../records/record.ts';
import { isAlive, serverState } from '../records/server-state.ts';
import { urlOf } from '../servers/exit-reason.ts';
import type { UsageReading, UsageReadings } from '../usage/cache.ts';

/** Tells a hub whether an unknown server is gone or only its record is. */
export const serviceIdentitySchema = z.object({ state_id: z.string(), boot_id: z.string() });
export type ServiceIdentity = z.infer<typeof serviceIdentitySchema>;

/** What it used up to two seconds ago: memory in bytes, with the page cache; CPU in seconds since its start. */
const usageSchema = z.object({
  memory: z.number().nullable(),
  cpu: z.number().nullable(),
  processes: z.int().nullable(),
  out_of_memory_kills: z.int(),
});

export const serverSchema = z.object({
  hub: z.string(),
  user: z.string(),
  name: z.string(),
  spawn_id: z.string(),
  profile: z.string(),
  state: serverState,
  ready: z.boolean(),
  pending: z.enum(['spawn', 'stop']).nullable(),
  url: z.string().nullable(),
  host: z.string().nullable(),
  port: z.int().nullable(),
  pid: z.int().nullable(),
  started: z.iso.datetime(),
  /** With launcher slurm, while it runs or waits. */
  job: jobSchema.pick({ id: true, node: true, ends_at: true }).nullable(),
  /** The GPUs that it has: the first device node of each. */
  gpus: z.array(z.string()),
  /** What its user has chosen, or got by default: the name of each option with a value, and the value for people. */
  settings: z.record(z.string(), z.string()),
  ...serviceIdentitySchema.shape,
  usage: usageSchema.nullable(),
  ...activityView.shape,
  exit: exitSchema.nullable(),
  error: errorSchema.nullable(),
});
export type ServerView = z.infer<typeof serverSchema>;

export const userSchema = z.object({ name: z.string(), servers: z.record(z.string(), serverSchema) });
export type UserView = z.infer<typeof userSchema>;

export const progressEventSchema = z.object({
  progress: z.number(),
  message: z.string(),
  ready: z.literal(true).optional(),
  failed: z.literal(true).optional(),
  url: z.string().optional(),
  ports_page: z.string().optional(),
  error: errorSchema.optional(),
});

export const errorAnswerSchema = errorSchema.extend(serviceIdentitySchema.partial().shape);

/** Makes views of records, with what usage/cache.ts has read last. */
export interface Views {
  server(record: ServerRecord): ServerView;
  user(name: string, records: readonly ServerRecord[]): UserView;
}

export interface ViewSources {
  readonly serviceIdentity: ServiceIdentity;
  /** What a server has been doing, by the id of its record. */
  readonly activityOf: (id: string) => ActivityView;
  readonly usage: Pick<UsageReadings, 'of'>;
}

export function createViews({ serviceIdentity, activityOf, usage }: ViewSources): Views {
  const server = (record: ServerRecord): ServerView => {
    const { sandbox, job, state, hub, user, name, spawn_id, profile, started, exit, error } = record;
    const address = addressOf(record);
    return {
      ...{ hub, user, name, spawn_id, profile, state },
      ready: state === 'ready',
      pending: state === 'starting' ? 'spawn' : state === 'stopping' ? 'stop' : null,
      url: address === null ? null : urlOf(record, address),
      host: address?.host ?? null,
      port: address?.port ?? null,
      pid: sandbox?.child.pid ?? null,
      started,
      job: job === null ? null : { id: job.id, node: job.node, ends_at: job.ends_at },
      gpus: isAlive(state) ? [...record.gpus] : [],
      settings: settingsOf(record),
      ...serviceIdentity,
      usage: usageView(usage.of(record)),
      ...(state === 'ready' ? activityOf(record.id) : nothingKnown),
      ...{ exit, error },
    };
  };
  return {
    server,
    user: (name, records) => ({
      name,
      servers: Object.fromEntries(records.map((record) => [record.name, server(record)])),
    }),
  };
}

/** Each option by its name, with its value as people read it. */
export function settingsOf({ settings }: Pick<ServerRecord, 'settings'>): Record<string, string> {
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

function usageView(reading: UsageReading | null): ServerView['usage'] {
  if (reading === null) return null;
  const { memory, cpu, processes, outOfMemoryKills } = reading.usage;
  return { memory, cpu, processes, out_of_memory_kills: outOfMemoryKills };
}
