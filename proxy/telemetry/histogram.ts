// Histograms of durations: cheap to update, and those of several processes can be added.
// Not here: measuring (requests.ts), the text format (metrics.ts).

export interface TimingCounts {
  /** One count for each bound, and one for values above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface Timing extends TimingCounts {
  /** Seconds, ascending. */
  readonly bounds: readonly number[];
  readonly count: number;
  observe(seconds: number): void;
  /** Adds the counts of another histogram since `before`. */
  add(now: TimingCounts, before: TimingCounts | undefined): void;
  /** The upper bound of the quantile `q`; NaN without values. */
  quantile(q: number): number;
}

export interface Timings {
  readonly lookup: Timing;
  readonly request: Timing;
}

/** Not prom-client's: its summary and histogram cost 0.93 us per request, these 0.02 (docs/decisions/0020). */
export function createTimings(): Timings {
  return {
    // from one microsecond, doubling
    lookup: createTiming(Array.from({ length: 20 }, (_, at) => 1e-6 * 2 ** at)),
    request: createTiming([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]),
  };
}

function createTiming(bounds: readonly number[]): Timing {
  const counts: number[] = Array(bounds.length + 1).fill(0);
  let sum = 0;
  const total = (): number => counts.reduce((all, count) => all + count, 0);
  return {
    bounds,
    counts,
    get sum() {
      return sum;
    },
    get count() {
      return total();
    },
    observe: (seconds) => {
      let at = 0;
      while (seconds > (bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
      counts[at] = (counts[at] ?? 0) + 1;
      sum += seconds;
    },
    add: (now, before) => {
      for (const [at, count] of now.counts.entries()) {
        counts[at] = (counts[at] ?? 0) + count - (before?.counts[at] ?? 0);
      }
      sum += now.sum - (before?.sum ?? 0);
    },
    quantile: (q) => {
      const count = total();
      let below = 0;
      for (const [at, bound] of bounds.entries()) {
        below += counts[at] ?? 0;
        if (count > 0 && below >= q * count) return bound;
      }
      return count === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
    },
  };
}
