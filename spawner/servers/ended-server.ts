// A server that had ended when the service before this one wrote its record: known until its hub has seen it.
import { createProgressLog } from '../records/progress.ts';
import type { ServerRecord } from '../records/record.ts';
import type { Server } from './server.ts';

export function endedServer(record: ServerRecord): Server {
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
    phases: record.phases,
    recorded: Promise.resolve(),
    ended: Promise.resolve(),
    stop: async () => {},
    leave() {},
  };
}
