// Starts workers in the place of those that crashed; ever more slowly where they crash as soon as they run,
// so that they do not keep a processor busy with starting.
// Not here: how one is started (primary.ts).
import type { Logger } from '../../config/logger.ts';

export class Restarts {
  readonly #start: () => Promise<unknown>;
  readonly #log: Logger;
  #missing = 0;
  #timer: NodeJS.Timeout | undefined;
  #delay = 0;
  #last = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(start: () => Promise<unknown>, log: Logger) {
    this.#start = start;
    this.#log = log;
  }

  /** One more is missing. */
  replace(why: string): void {
    if (this.#stopped) return;
    this.#missing++;
    const delay = this.#timer === undefined ? this.#nextDelay() : 0;
    this.#log.error(delay === 0 ? `${why}; starting another` : `${why}; starting another in ${delay} ms`);
    this.#timer ??= setTimeout(() => this.#startMissing(), delay);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #startMissing(): void {
    this.#timer = undefined;
    for (; this.#missing > 0; this.#missing--) {
      this.#start().catch((error: unknown) =>
        this.replace(error instanceof Error ? error.message : 'a worker did not start'),
      );
    }
  }

  /** Milliseconds: none after a time of calm, else twice as long as the last time. */
  #nextDelay(): number {
    const now = performance.now();
    const calm = now - this.#last >= calmTime;
    this.#delay = calm ? 0 : Math.min(longest, Math.max(shortest, this.#delay * 2));
    this.#last = now + this.#delay;
    return this.#delay;
  }
}

const shortest = 100;
const longest = 10_000;

/** Milliseconds. */
const calmTime = 5000;
