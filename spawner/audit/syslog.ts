// Lines to the system's log, which is the journal on machines with systemd, through logger(1): Node has no datagram
// sockets of the kind that /dev/log is. Not here: the lines (audit.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from '../../config/logger.ts';
import type { LogFile } from '../../config/system/log-file.ts';

/** `program` is logger(1). One that ends is started again for the next line, at most once in a second. */
export function openSyslog(log: Logger, program = 'logger'): LogFile {
  let child: ChildProcess | null = null;
  let started = Number.NEGATIVE_INFINITY;
  let lost = 0;

  const ended = (made: ChildProcess, reason: string) => {
    if (child !== made) return;
    child = null;
    log.error(
      { reason },
      'the audit trail cannot be written to the system log; its lines are lost until it can',
    );
  };
  const start = (): ChildProcess | null => {
    if (performance.now() - started < leastPause) return null;
    started = performance.now();
    const made = spawn(program, argv, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    made.once('error', ({ message }) => ended(made, message));
    made.once('exit', (code, signal) => ended(made, `logger ended with ${code ?? signal}`));
    made.stdin?.on('error', () => {}); // its end says it
    made.unref();
    if (lost > 0) log.warn({ lost }, 'lines of the audit trail were lost');
    lost = 0;
    return made;
  };
  return {
    write(line) {
      child ??= start();
      if (child === null || (child.stdin?.writableLength ?? 0) > mostWaiting) lost += 1;
      else child.stdin?.write(line);
    },
    reopen() {},
    async close() {
      const last = child;
      child = null;
      if (last === null || last.exitCode !== null || last.signalCode !== null) return;
      const exited = once(last, 'exit').catch(() => {});
      last.stdin?.end();
      await exited;
    },
  };
}

/** logger(1) cuts a line at 1 KiB unless --size says otherwise. */
const argv = ['--tag', 'portwrap-audit', '--priority', 'authpriv.info', '--size', '16384'];
/** Milliseconds. */
const leastPause = 1_000;
/** Bytes. */
const mostWaiting = 8_388_608;
