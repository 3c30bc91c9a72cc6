// bwrap's status file (--json-status-fd): the sandbox's pid 1 and, at the end, the payload's exit code.
// Parsed strictly, line by line. Complete when the life FIFO has ended. Not here: the FIFO (system/liveness.ts).
import { type FSWatcher, watch } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { readFileOrNull } from '../system/read-file.ts';

export interface PayloadExit {
  /** The payload's exit code, 128+n when signal n ended it; null when no process was left to learn it. */
  readonly code: number | null;
  /** The signal that the code represents, if any. */
  readonly signal: NodeJS.Signals | null;
}

export interface SandboxStatus {
  readonly childPid: number | null;
  readonly exitCode: number | null;
}

export const statusFile = 'status.json';

/** The current content of the status file in `directory`. */
export function readStatus(directory: string): SandboxStatus {
  // the file may be missing, or its file system unavailable: both mean that nothing is known
  return parseStatus(readFileOrNull(join(directory, statusFile)) ?? '');
}

/** Milliseconds to wait for bwrap's monitor to write the exit code. */
const lastLineDeadline = 1_000;

/**
 * The exit code in the status file of a sandbox that has ended. The life FIFO ends with pid 1; the monitor, which does
 * not hold it, writes the code a moment later, or never if it was killed itself.
 */
export function awaitExitCode(directory: string): Promise<number | null> {
  const known = readStatus(directory).exitCode;
  if (known !== null) return Promise.resolve(known);
  let watcher: FSWatcher;
  try {
    watcher = watch(join(directory, statusFile));
  } catch {
    return Promise.resolve(null); // the directory was removed
  }
  return new Promise((resolve) => {
    const end = (code: number | null) => {
      watcher.close();
      clearTimeout(timer);
      resolve(code);
    };
    const look = () => {
      const { exitCode } = readStatus(directory);
      if (exitCode !== null) end(exitCode);
    };
    const timer = setTimeout(() => end(readStatus(directory).exitCode), lastLineDeadline);
    watcher.on('error', () => end(null));
    watcher.on('change', look);
    look(); // it may have been written before the watch began
  });
}

export function parseStatus(text: string): SandboxStatus {
  let childPid: number | null = null;
  let exitCode: number | null = null;
  for (const line of text.split('\n')) {
    childPid ??= wholeNumber(/^\{ "child-pid": (\d{1,10})[,} ]/.exec(line)?.[1]);
    exitCode ??= wholeNumber(/^\{ "exit-code": (\d{1,3}) \}$/.exec(line)?.[1]);
  }
  return { childPid, exitCode };
}

/** An exit code as bwrap reports it. exit(143) and SIGTERM give the same code; the signal is more likely. */
export function toExit(code: number | null): PayloadExit {
  return { code, signal: code === null ? null : signalOf(code) };
}

function signalOf(code: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, number]) => code === 128 + number);
  return (found?.[0] as NodeJS.Signals | undefined) ?? null;
}

function wholeNumber(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
