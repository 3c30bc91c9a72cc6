// The two clocks there are. Durations are measured on the one that never jumps; the other is for what people
// and other programs write down.

export interface Clock {
  /** Seconds since the machine was booted: the same for every process, and never set. */
  monotonic(): number;
  /** Milliseconds since 1970, as somebody has set them. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n) / 1000,
  wall: () => Date.now(),
};
