// How a server looks to a hub (docs/protocol.md, "A server"). Not here: the record on disk (record.ts).
import type { ServerRecord } from '../record.ts';
import { urlOf } from '../server.ts';

/** Tells a hub whether an unknown server is gone or only its record is. */
export interface Incarnation {
  readonly state_id: string;
  readonly boot_id: string;
}

export function serverView(record: ServerRecord, incarnation: Incarnation) {
  const { sandbox, state } = record;
  return {
    user: record.user,
    name: record.name,
    spawn_id: record.spawn_id,
    profile: record.profile,
    state,
    ready: state === 'ready',
    pending: state === 'starting' ? 'spawn' : state === 'stopping' ? 'stop' : null,
    url: sandbox === null ? null : urlOf(sandbox.hostAddress, sandbox.hostPort),
    host: sandbox?.hostAddress ?? null,
    port: sandbox?.hostPort ?? null,
    pid: sandbox?.child.pid ?? null,
    started: record.started,
    ...incarnation,
    exit: record.exit,
    error: record.error,
  };
}

export function userView(user: string, records: readonly ServerRecord[], incarnation: Incarnation) {
  const servers = Object.fromEntries(records.map((record) => [record.name, serverView(record, incarnation)]));
  return { name: user, servers };
}
