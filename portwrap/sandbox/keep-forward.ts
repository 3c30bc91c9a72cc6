// Keeps a sandbox reachable: when its forwarder dies, attaches another one on the same host port.
// Not here: attaching (the forwarders), handling a permanent loss (sandbox.ts).
import { setTimeout as pause } from 'node:timers/promises';
import type { Forward } from '../network/forwarder.ts';
import type { Liveness } from '../system/liveness.ts';
import type { ProcessIdentity } from '../system/process.ts';

export interface KeptForward {
  /** The current process of the forwarder. */
  readonly process: ProcessIdentity;
  /** Settles when the forwarder is permanently gone: with its sandbox, or when no other could be attached. */
  readonly gone: Promise<void>;
  close(): void;
}

export interface KeepForwardInput {
  readonly first: Pick<Forward, 'liveness' | 'process'>;
  readonly sandboxLife: Liveness;
  /** Attaches another forwarder to the same sandbox and host port. */
  readonly attachAgain: () => Promise<Forward>;
  /** Called for every event. A new attempt waits until the returned promise has settled; it never rejects. */
  readonly report: (event: ForwardEvent) => void | Promise<void>;
}

/**
 * died: the forwarder has ended and its sandbox lives; until "reattached", another program may bind the host port.
 * reattached: the port is bound again. retrying: it could not be bound. lost: no further attempt follows.
 */
export interface ForwardEvent {
  readonly kind: 'died' | 'reattached' | 'retrying' | 'lost';
  readonly error?: unknown;
}

/** Attempts within a minute, for a forwarder that keeps dying or that cannot be attached. */
const mostTries = 6;
const within = 60_000;
/** Milliseconds before the second attempt; doubled for each further one. The first attempt is immediate. */
const firstPause = 100;

export function keepForward(input: KeepForwardInput): KeptForward {
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
  const attach = async (): Promise<Forward | null> => {
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
