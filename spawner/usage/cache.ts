// What servers use and may use, as their control groups said when they were last read. Nobody else reads these files
// of servers: those of hundreds would keep the event loop, and several people look at the same ones.
// Not here: what it was before (history.ts), how it is shown.
import { setImmediate as otherWork } from 'node:timers/promises';
import type { ServerRecord } from '../records/record.ts';
import { kernelLimitsOf, type Usage, type UsageLimits, usageOf } from './observe.ts';

export interface UsageReading {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly usage: Usage;
  readonly limits: UsageLimits;
}

export interface UsageReadings {
  /** The last one; null before the first, when the server does not run here, and where nothing is accounted. */
  of(record: ServerRecord): UsageReading | null;
  /** Reads what is older than two seconds, a few servers at a time, and lets other work go on in between. */
  refresh(records: readonly ServerRecord[]): Promise<void>;
}

/** Milliseconds. */
const freshFor = 2_000;
/** About 2 ms of reading (measured with version 1 of control groups). */
const atOnce = 20;

type Read = (record: ServerRecord) => Omit<UsageReading, 'time'> | null;

export function createUsageReadings(read: Read = readNow, now: () => number = Date.now): UsageReadings {
  // by the sandbox, which a record has as long as the server runs
  const readings = new WeakMap<object, UsageReading>();
  const of = ({ sandbox }: ServerRecord) => (sandbox === null ? null : (readings.get(sandbox) ?? null));

  const take = (record: ServerRecord) => {
    if (record.sandbox === null) return;
    const taken = read(record);
    if (taken === null) readings.delete(record.sandbox);
    else readings.set(record.sandbox, { time: now(), ...taken });
  };
  return {
    of,
    async refresh(records) {
      let taken = 0;
      for (const record of records) {
        // asked at its turn: another refresh may have come by meanwhile
        if (isFresh(of(record), now())) continue;
        if (taken > 0 && taken % atOnce === 0) await otherWork();
        take(record);
        taken += 1;
      }
    },
  };
}

/** A reading of the future is one from before the clock was set back. */
function isFresh(reading: UsageReading | null, now: number): boolean {
  return reading !== null && Math.abs(now - reading.time) < freshFor;
}

function readNow(record: ServerRecord): Omit<UsageReading, 'time'> | null {
  const usage = usageOf(record);
  return usage === null ? null : { usage, limits: kernelLimitsOf(record) };
}
