// Keeping a sandbox reachable: a forwarder that dies while its sandbox lives is attached again, on the same
// host port. Not here: attaching (the forwarders), what to do when it cannot be kept (the owner).
import { setTimeout as pause } from 'node:timers/promises';
import type { Forward } from '../network/forwarder.ts';
import type { Liveness } from '../system/liveness.ts';
import type { ProcessIdentity } from '../system/process.ts';

export interface KeptForward {
  /** The forwarder's process now. */
  readonly process: ProcessIdentity;
  /** Settles when there is no forwarder any more: with its sandbox, or when none could be attached again. */
  readonly gone: Promise<void>;
  close(): void;
}

export interface KeepForwardInput {
  readonly first: Pick<Forward, 'liveness' | 'process'>;
  readonly sandboxLife: Liveness;
  /** Attaches another forwarder to the same sandbox and host port. */
  readonly attachAgain: () => Promise<Forward>;
  /** Told of every loss. Nothing is tried before what it returns has settled; it never rejects. */
  readonly report: (event: ForwardEvent) => void | Promise<void>;
}

/**
 * died: the forwarder has ended and its sandbox lives; until "reattached", the host port may be another program's.
 * reattached: the port is bound again. retrying: it could not be bound. lost: nothing is tried any more.
 */
export interface ForwardEvent {
  readonly kind: 'died' | 'reattached' | 'retrying' | 'lost';
  readonly error?: unknown;
}

/** A forwarder that keeps dying, or that cannot be attached, is tried this often within a minute. */
const mostTries = 6;
const within = 60_000;
/** Milliseconds before the second try; doubled for each further one. The first is at once. */
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
