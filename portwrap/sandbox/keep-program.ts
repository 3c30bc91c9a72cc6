// Keeps a sandbox connected: when its forwarder or its uplink dies, attaches another one.
// Not here: attaching (attach-again.ts), handling a permanent loss (sandbox.ts).
import { setTimeout as pause } from 'node:timers/promises';
import type { Attached } from '../network/uplink.ts';
import type { Liveness } from '../system/liveness.ts';
import type { ProcessIdentity } from '../system/process.ts';

export interface KeptProgram {
  /** Its current process. */
  readonly process: ProcessIdentity;
  /** Settles when it is permanently gone: with its sandbox, or when no other could be attached. */
  readonly gone: Promise<void>;
  close(): void;
}

export interface KeepProgramInput {
  readonly first: Pick<Attached, 'liveness' | 'process'>;
  readonly sandboxLife: Liveness;
  /** Attaches another one to the same sandbox; a forwarder on the same host port. */
  readonly attachAgain: () => Promise<Attached>;
  /** Called for every event. A new attempt waits until the returned promise has settled; it never rejects. */
  readonly report: (event: ProgramEvent) => void | Promise<void>;
}

/**
 * died: it has ended and its sandbox lives; until "reattached", another program may bind a forwarder's host port.
 * reattached: it works again. retrying: it could not be attached. lost: no further attempt follows.
 */
export interface ProgramEvent {
  readonly kind: 'died' | 'reattached' | 'retrying' | 'lost';
  readonly error?: unknown;
}

/** Attempts within a minute, for a program that keeps dying or that cannot be attached. */
const mostTries = 6;
const within = 60_000;
/** Milliseconds before the second attempt; doubled for each further one. The first attempt is immediate. */
const firstPause = 100;

export function keepProgram(input: KeepProgramInput): KeptProgram {
  let current = input.first;
  let closed = false;
  const tries: number[] = [];
  const keep = async (): Promise<void> => {
    for (;;) {
      await current.liveness.gone;
      if (!closed && input.sandboxLife.isHeld()) await input.report({ kind: 'died' });
      const next = await attach();
      if (next === null) return;
      if (closed) return next.liveness.close();
      current = next;
      await input.report({ kind: 'reattached' });
    }
  };
  const attach = async (): Promise<Attached | null> => {
    for (;;) {
      if (closed || !input.sandboxLife.isHeld()) return null;
      const now = performance.now();
      while ((tries[0] ?? now) < now - within) tries.shift();
      if (tries.length > 0) await pause(firstPause * 2 ** (tries.length - 1), undefined, { ref: false });
      tries.push(now);
      try {
        return await input.attachAgain();
      } catch (error) {
        const isLast = tries.length >= mostTries;
        if (input.sandboxLife.isHeld()) await input.report({ kind: isLast ? 'lost' : 'retrying', error });
        if (isLast) return null;
      }
    }
  };
  return {
    get process() {
      return current.process;
    },
    gone: keep(),
    close() {
      closed = true;
      current.liveness.close();
    },
  };
}
