// Replaces crashed workers, with a growing delay if they crash soon after their start, so that restarts do not keep a
// processor busy.
// Not here: starting a worker (primary.ts).
import type { Logger } from '../../config/logger.ts';

export interface Restarts {
  /** Starts one more worker, perhaps after a delay. */
  replace(why: string): void;
  stop(): void;
}

export function createRestarts(start: () => Promise<unknown>, log: Logger): Restarts {
  let missing = 0;
  let timer: NodeJS.Timeout | undefined;
  let delay = 0;
  let last = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const replace = (why: string): void => {
    if (stopped) return;
    missing++;
    const wait = timer === undefined ? nextDelay() : 0;
    log.error(wait === 0 ? `${why}; starting another` : `${why}; starting another in ${wait} ms`);
    timer ??= setTimeout(startMissing, wait);
  };
  const startMissing = (): void => {
    timer = undefined;
    for (; missing > 0; missing--) {
      start().catch((error: unknown) =>
        replace(error instanceof Error ? error.message : 'a worker did not start'),
      );
    }
  };
  /** Milliseconds: none after `calmTime` without a crash, otherwise twice the last delay. */
  const nextDelay = (): number => {
    const now = performance.now();
    const calm = now - last >= calmTime;
    delay = calm ? 0 : Math.min(longest, Math.max(shortest, delay * 2));
    last = now + delay;
    return delay;
  };
  return {
    replace,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

const shortest = 100;
const longest = 10_000;

/** Milliseconds. */
const calmTime = 5000;
