// A server that had ended when the service before this one wrote its record: known until its hub has seen it.
import { createProgressLog } from '../records/progress.ts';
import type { ServerRecord } from '../records/record.ts';
import { describeExit } from './exit-reason.ts';
import type { Server } from './server.ts';

export function endedServer(kept: ServerRecord): Server {
  const record = withReason(kept);
  const progress = createProgressLog();
  progress.add({
    progress: 100,
    failed: true,
    message: record.error?.message ?? 'The server has ended',
    ...(record.error === null ? {} : { error: record.error }),
  });
  return {
    record,
    progress,
    isReachable: false,
    phases: record.phases,
    recorded: Promise.resolve(),
    ended: Promise.resolve(),
    stop: async () => {},
    leave() {},
  };
}

/** A record of an earlier version has no sentence. */
function withReason(record: ServerRecord): ServerRecord {
  const { exit, error } = record;
  if (exit === null || exit.reason !== '') return record;
  const { code, out_of_memory: outOfMemory } = exit;
  const signal = exit.signal as NodeJS.Signals | null;
  return {
    ...record,
    exit: { ...exit, reason: error?.message ?? describeExit({ code, signal, outOfMemory }) },
  };
}
