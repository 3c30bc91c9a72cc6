// What the journal says about the end of a server: why it failed, what to do, and where its own words are. Its output
// is its user's and may hold secrets, so none of it is in the journal but what bubblewrap said before it ran.
// Not here: what its hub and its user are told (the record's error).
import { isDeliberate, type PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { SandboxExit } from '../../portwrap/index.ts';

export interface ServerEnd {
  /** Why it did not run on; null: its own processes ended. */
  readonly failure: PortwrapError | null;
  readonly exit: SandboxExit | null;
  /** Had it been ready? */
  readonly wasReady: boolean;
  /** Was the stop requested? */
  readonly wasAskedFor: boolean;
  readonly lastLines: readonly string[];
  /** Where its output is; null: elsewhere. */
  readonly logFile: string | null;
}

/** `log` says which server it is. */
export function logEnd(log: Logger, end: ServerEnd): void {
  const { failure, exit, wasReady, wasAskedFor, logFile } = end;
  if (failure === null) {
    if (exit?.outOfMemory) log.warn({ exit }, 'ended: the kernel killed one of its processes, out of memory');
    else if (exit?.code === null && exit.signal === null)
      log.warn({ exit }, 'ended: killed from outside, or its exit code is unknown');
    else log.info({ exit }, 'ended');
    return;
  }
  const { code, message, hint, setting, cause } = failure;
  if (wasAskedFor && isDeliberate(code)) {
    log.info({ exit, code, reason: message, setting }, 'ended');
    return;
  }
  const entry = {
    ...{ code, reason: message, hint, setting, exit },
    ...(cause instanceof Error ? { cause: cause.message } : {}),
    ...(code === 'SANDBOX_FAILED' ? { said: end.lastLines.filter((line) => line.startsWith('bwrap:')) } : {}),
    ...(logFile === null ? {} : { log_file: logFile }),
  };
  const text = wasReady ? 'the server was lost' : 'the start failed';
  if (code === 'INTERNAL') log.error({ ...entry, err: cause }, `${text}: internal error`);
  else if (failure.status >= 500 && !ofTheServer.has(code)) log.error(entry, text);
  else log.warn(entry, text);
}

/** What the server itself, or its cluster, does; all others of status 500 and above are this machine's. */
const ofTheServer: ReadonlySet<string> = new Set([
  ...['SERVER_DIED', 'SERVER_NOT_READY', 'SPAWN_CANCELLED'],
  ...['JOB_NOT_STARTED', 'JOB_FAILED', 'JOB_GONE', 'JOB_NODE_FAILED'],
]);
