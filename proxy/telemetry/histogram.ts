// How long something took, in buckets: cheap to count, and those of several processes can be added up.
// Not here: what is timed (requests.ts), the text form (metrics.ts).

export interface TimingCounts {
  /** Per bound, and one more for what was above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Timing implements TimingCounts {
  /** Seconds, rising. */
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array(bounds.length + 1).fill(0);
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  observe(seconds: number): void {
    let at = 0;
    while (seconds > (this.bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += seconds;
  }

  /** Adds what another has counted since `before`. */
  add(now: TimingCounts, before: TimingCounts | undefined): void {
    for (const [at, count] of now.counts.entries()) {
      this.counts[at] = (this.counts[at] ?? 0) + count - (before?.counts[at] ?? 0);
    }
    this.sum += now.sum - (before?.sum ?? 0);
  }

  /** The bound below which the share `q` of all lies; NaN if there are none. */
  quantile(q: number): number {
    const { count, bounds } = this;
    let below = 0;
    for (const [at, bound] of bounds.entries()) {
      below += this.counts[at] ?? 0;
      if (count > 0 && below >= q * count) return bound;
    }
    return count === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
  }
}

export class Timings {
  /** From a microsecond, each twice the one before. */
  readonly lookup = new Timing(Array.from({ length: 20 }, (_, at) => 1e-6 * 2 ** at));
  readonly request = new Timing([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]);
}
