// The monotonic clock, for durations, and the wall clock, for timestamps.

export interface Clock {
  /** Seconds since the machine was booted: the same for every process, never adjusted. */
  monotonic(): number;
  /** Milliseconds since 1970; may be adjusted. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n) / 1000,
  wall: () => Date.now(),
};
