// A log file that survives a full disk and log rotation: lines that cannot be written are counted, and writing goes on
// when it is possible again. When the file was renamed or removed, a new one is opened.
// Not here: the lines (proxy/telemetry/access-line.ts, spawner/audit/audit.ts).

import { close as closeFile, fstat, open, openSync, type Stats, stat, write as writeFile } from 'node:fs';
import { promisify } from 'node:util';
import { PortwrapError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { errorText } from './error-text.ts';
import { isOutage } from './outage.ts';
import { type Unwritten, unwritten } from './unwritten.ts';

export interface LogFile {
  write(line: string): void;
  /** Opens the file by its name again. */
  reopen(): void;
  /** Resolves when everything is written, or lost. */
  close(): Promise<void>;
}

/** Appends to `path`, which is made with mode 0640; several processes may. Throws CONFIG_UNREADABLE if it cannot be opened, unless the disk is to blame. */
export function openLogFile(path: string, log: Logger): LogFile {
  let descriptor = openFirst(path, log);
  let lines: string[] = [];
  /** Characters in `lines`. */
  let waiting = 0;
  /** What remains of a line that was written in part. */
  let torn: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let lost = 0;
  let isFailing = descriptor === undefined;
  let mustReopen = descriptor === undefined;
  let reopenFailed = false;
  let isRequested = false;
  let isClosed = false;
  let lastLook = performance.now();
  let flushing: Promise<void> | undefined;

  const failed = (what: string, error: unknown): void => {
    if (!isFailing)
      log.error(`cannot ${what} ${path}: ${errorText(error)}; its lines are lost until it can be written`);
    isFailing = true;
  };
  const reopen = async (): Promise<void> => {
    try {
      const fresh = await files.open(path, 'a', mode);
      if (descriptor !== undefined) await files.close(descriptor).catch(() => undefined);
      descriptor = fresh;
      if (torn.length > 0) lost++;
      torn = Buffer.alloc(0);
      mustReopen = false;
      reopenFailed = false;
    } catch (error) {
      if (descriptor === undefined) failed('open', error);
      else if (!reopenFailed)
        log.error(`cannot open ${path} again: ${errorText(error)}; the old file is written on`);
      reopenFailed = true;
    }
  };
  /** Whether the name leads to another file than ours, as after a rotation; looked up at most once in a second. */
  const isReplaced = async (): Promise<boolean> => {
    if (descriptor === undefined || performance.now() - lastLook < lookInterval) return false;
    lastLook = performance.now();
    const [named, ours] = await Promise.all([
      files.stat(path).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? gone : undefined)),
      files.fstat(descriptor),
    ]);
    return named !== undefined && (named.ino !== ours.ino || named.dev !== ours.dev);
  };
  const flush = async (): Promise<void> => {
    mustReopen ||= isRequested;
    isRequested = false;
    if (mustReopen || (await isReplaced().catch(() => false))) await reopen();
    const taken = lines;
    lines = [];
    waiting = 0;
    const text = Buffer.concat([torn, Buffer.from(taken.join(''))]);
    let written = 0;
    try {
      if (descriptor === undefined) throw new Error('it is not open');
      while (written < text.length)
        written += (await files.write(descriptor, text, written, text.length - written, null)).bytesWritten;
      torn = Buffer.alloc(0);
      if (text.length > 0) recovered();
    } catch (error) {
      failed('write', error);
      const left: Unwritten = unwritten(text, written, torn.length > 0);
      torn = left.torn;
      lost += left.lines;
    }
  };
  const recovered = (): void => {
    if (!isFailing && lost === 0) return;
    log.warn(`${path} is written again; ${lost} of its lines were lost`);
    isFailing = false;
    lost = 0;
  };
  const flushAll = async (): Promise<void> => {
    do await flush();
    while (lines.length > 0 || isRequested);
    flushing = undefined;
  };
  const start = (): void => {
    flushing ??= flushAll();
  };
  return {
    write: (line) => {
      if (isClosed) return;
      if (waiting > maxWaiting) {
        lost++;
        return;
      }
      lines.push(line);
      waiting += line.length;
      start();
    },
    reopen: () => {
      isRequested = true;
      start();
    },
    close: async () => {
      if (torn.length > 0) start();
      await flushing;
      isClosed = true;
      if (lost > 0) log.error(`${lost} lines of ${path} were lost`);
      if (descriptor !== undefined) await files.close(descriptor).catch(() => undefined);
      descriptor = undefined;
    },
  };
}

const files = {
  open: promisify(open),
  close: promisify(closeFile),
  fstat: promisify(fstat),
  stat: promisify(stat),
  write: promisify(writeFile),
};

const mode = 0o640;

/** No file has this number. */
const gone: Pick<Stats, 'ino' | 'dev'> = { ino: 0, dev: 0 };

/** Milliseconds. */
const lookInterval = 1000;

/** Characters that wait for a slow disk. */
const maxWaiting = 8 * 1024 * 1024;

function openFirst(path: string, log: Logger): number | undefined {
  try {
    return openSync(path, 'a', mode);
  } catch (error) {
    if (!isOutage(error))
      throw new PortwrapError('CONFIG_UNREADABLE', `cannot write the access log: ${errorText(error)}`, {
        cause: error,
      });
    log.error(`cannot open ${path}: ${errorText(error)}; its lines are lost until it can be written`);
    return undefined;
  }
}
