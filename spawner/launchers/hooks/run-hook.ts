// Runs one command of the administrator to its end: as its account, with a deadline, its output in the server's log.
// Not here: when (with-hooks.ts).
import { closeSync, openSync } from 'node:fs';
import { PortwrapError } from '../../../config/errors.ts';
import {
  aborted,
  becomeArgv,
  killGroup,
  startChild,
  type Toolbox,
  withDeadline,
} from '../../../portwrap/index.ts';
import type { RecordedHook } from '../../records/recorded-hook.ts';

export interface HookRun {
  readonly hook: RecordedHook;
  /** The key that names it, such as before_start. */
  readonly key: string;
  readonly tools: Toolbox;
  readonly logFile: string;
  /** Kills it. */
  readonly abort: AbortSignal;
}

/** Throws HOOK_FAILED, or the reason of `abort`. */
export async function runHook({ hook, key, tools, logFile, abort }: HookRun): Promise<void> {
  abort.throwIfAborted();
  const become =
    hook.run_as === 'service' || hook.account === null ? [] : becomeArgv(tools('setpriv'), hook.account);
  const [program = '', ...argv] = [...become, ...hook.command];
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = startChild(program, argv, {
      stdio: ['ignore', log, log],
      environment: hook.environment,
      detached: true, // a process group of its own, so that all of it can be killed
    });
    const late = () => failed(key, `did not end within ${hook.timeout} s`);
    try {
      const ended = withDeadline(child.exited, hook.timeout * 1000, late);
      const { code, signal } = await Promise.race([ended, aborted(abort)]);
      if (code !== 0)
        throw failed(key, signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
    } catch (error) {
      killGroup(child.process.pid);
      throw notStarted(key, error);
    }
  } finally {
    closeSync(log);
  }
}

function failed(key: string, what: string, cause?: unknown): PortwrapError {
  return new PortwrapError('HOOK_FAILED', `the administrator's command hooks.${key} ${what}`, { cause });
}

function notStarted(key: string, error: unknown): unknown {
  const isMissing = error instanceof PortwrapError && error.code === 'TOOL_MISSING';
  return isMissing ? failed(key, `could not be run: ${error.message}`, error) : error;
}
