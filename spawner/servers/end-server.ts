// The last half of a server's life: everything that it held is given back, and why it ended is written down.
// Not here: what makes it end (server.ts), the entry in the journal (end-entry.ts).
import { errorCatalogue, isDeliberate, PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { SandboxExit } from '../../portwrap/index.ts';
import type { RunningServer } from '../launchers/launcher.ts';
import { logTail } from '../logs/tail.ts';
import type { EndOutcome } from '../records/meter.ts';
import { type ErrorBody, noPlacement, type ServerRecord, serverLabel } from '../records/record.ts';
import { logEnd } from './end-entry.ts';
import { describeExit } from './exit-reason.ts';
import { type Life, note } from './life.ts';
import { removeRoute } from './server-route.ts';

const tailLines = 20;

/** `outcome`: how it ended by itself, or why it is ended. The route goes first: its port may soon be another server's. */
export async function endServer(life: Life, outcome: SandboxExit | PortwrapError): Promise<void> {
  const { running, parts, log } = life;
  await removeRoute(life);
  const exit = await takeDown(life, outcome);
  const reason = running?.verdict ?? outcome;
  const failure = reason instanceof PortwrapError ? reason : null;
  const lastLines = failure === null || isDeliberate(failure.code) ? [] : logTail(life.logFile, tailLines);
  const error = failure === null ? null : errorBody(life.record, failure, lastLines);
  await clean(life).catch((cause: unknown) => {
    const { code, message } = toPortwrapError(cause);
    log.warn(
      { code, reason: message },
      'could not remove files of the server; the next start of the service removes them',
    );
  });
  await note(life, { state: 'exited', ...noPlacement, exit: exitOf(exit, failure), error });
  const { wasReady, cancel, logFile } = life;
  parts.meter.ended(failure?.code ?? null, outcomeOf(exit, failure, cancel.signal.aborted));
  recordEnd(life);
  logEnd(log, { failure, exit, wasReady, wasAskedFor: cancel.signal.aborted, lastLines, logFile });
  life.progress.add({
    progress: 100,
    failed: true,
    message: error?.message ?? 'The server has ended',
    ...(error === null ? {} : { error }),
  });
}

function recordEnd({ record, parts }: Life): void {
  const { hub, user, name, spawn_id, profile, exit, error } = record;
  const result = error?.code ?? 'none';
  const reason = exit?.reason ?? '';
  parts.audit.record({ event: 'end', hub, user, name, spawn_id, profile, result, reason });
}

/** How it ended; null: nothing of it ran, or its end could not be seen. */
async function takeDown(life: Life, outcome: SandboxExit | PortwrapError): Promise<SandboxExit | null> {
  const exit = outcome instanceof PortwrapError ? null : outcome;
  const { running } = life;
  if (running === null) return exit;
  if (exit === null) await note(life, { state: 'stopping' });
  life.isEnding = true;
  return stopOrKill(life, running);
}

/** A stop that fails is followed by a kill. Null: that failed too, and its processes may live. */
async function stopOrKill({ log, grace }: Life, running: RunningServer): Promise<SandboxExit | null> {
  const { place } = running;
  try {
    return await running.stop(grace).catch((error: unknown) => {
      log.error({ err: error }, 'could not stop the server; killing it');
      return running.stop(0);
    });
  } catch (error) {
    const hint = 'Check whether its processes still run, end them with kill -9, then start it again.';
    log.error(
      { err: error, pid: place.sandbox?.child.pid, job: place.job?.id, hint },
      'could not kill the server',
    );
    return null;
  }
}

async function clean({ parts, launcher, record }: Life): Promise<void> {
  parts.tokens.forget(record.id);
  await launcher.clean(record);
}

function exitOf(seen: SandboxExit | null, failure: PortwrapError | null): ServerRecord['exit'] {
  const exit = seen ?? { code: null, signal: null, outOfMemory: false };
  return {
    code: exit.code,
    signal: exit.signal,
    out_of_memory: exit.outOfMemory,
    reason: failure?.message ?? describeExit(exit),
    time: new Date().toISOString(),
  };
}

/** A start that a restart of the service has cut off has failed: nobody asked for its end. */
function outcomeOf(
  exit: SandboxExit | null,
  failure: PortwrapError | null,
  wasAskedFor: boolean,
): EndOutcome {
  if (failure === null) return exit?.code === 0 && !exit.outOfMemory ? 'ended' : 'failed';
  return wasAskedFor && isDeliberate(failure.code) ? 'stopped' : 'failed';
}

function errorBody(record: ServerRecord, failure: PortwrapError, lastLines: readonly string[]): ErrorBody {
  const { code, message } = failure;
  const isMute = lastLines.length === 0 && failure.hint === errorCatalogue.SERVER_DIED.hint;
  const hint = isMute ? 'It wrote nothing to its log.' : failure.hint;
  const body = { code, message, hint, server: serverLabel(record) };
  return lastLines.length > 0 ? { ...body, log: [...lastLines] } : body;
}
