// Measures the parts of one start, each from the end of the one before it. Not here: what is kept of it (records/meter.ts).
import type { Meter, PhaseTimes } from '../records/meter.ts';

export interface Stopwatch {
  /** That part is over. */
  lap(phase: keyof PhaseTimes): void;
  /** The whole start is over. */
  total(): void;
}

export function createStopwatch(meter: Meter, onLap: (lap: PhaseTimes) => void): Stopwatch {
  const began = performance.now();
  let last = began;
  return {
    lap(phase) {
      const now = performance.now();
      meter.phase(phase, now - last);
      onLap({ [phase]: now - last });
      last = now;
    },
    total: () => meter.phase('total', performance.now() - began),
  };
}
