// What servers used during the last half hour: a few numbers a server, kept now and then.
// Not here: reading them (cache.ts), how it is drawn (page/).
import type { ServerRecord } from '../records/record.ts';
import type { Servers } from '../servers/servers.ts';
import type { UsageReading, UsageReadings } from './cache.ts';

export interface UsageSample {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Bytes. */
  readonly memory: number | null;
  /** CPUs kept busy since the sample before, on average. */
  readonly cpus: number | null;
}

export interface UsageHistory {
  /** Oldest first; the last one is the last reading. Empty where nothing is accounted. */
  of(record: ServerRecord): readonly UsageSample[];
  close(): void;
}

/** Milliseconds. */
const interval = 15_000;
const mostSamples = 120;
/** Shorter intervals give meaningless rates. */
const leastSpan = 1_000;

interface Sample extends UsageSample {
  /** Seconds of CPU since the start of the server. */
  readonly cpuTime: number | null;
}

/** Keeps a sample of every server each 15 seconds until it is closed. */
export function keepUsageHistory(servers: Pick<Servers, 'list'>, readings: UsageReadings): UsageHistory {
  const samples = new Map<string, readonly Sample[]>();

  /** With the last reading, if that is newer. */
  function upToNow(record: ServerRecord): readonly Sample[] {
    const earlier = samples.get(record.id) ?? [];
    const reading = readings.of(record);
    if (reading === null || reading.time === earlier.at(-1)?.time) return earlier;
    // a clock that was set back leaves samples in the future
    const past = earlier.filter(({ time }) => time < reading.time);
    return [...past, sampleOf(reading, record, past)];
  }

  async function sampleAll(): Promise<void> {
    const records = servers.list().map(({ record }) => record);
    const known = new Set(records.map(({ id }) => id));
    for (const id of samples.keys()) if (!known.has(id)) samples.delete(id);
    await readings.refresh(records);
    for (const record of records) samples.set(record.id, upToNow(record).slice(-mostSamples));
  }

  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    sampleAll().finally(() => {
      busy = false;
    });
  }, interval).unref();
  return { of: upToNow, close: () => clearInterval(timer) };
}

function sampleOf({ time, usage }: UsageReading, record: ServerRecord, earlier: readonly Sample[]): Sample {
  const since = earlier.findLast((sample) => time - sample.time >= leastSpan);
  const span = (time - (since?.time ?? Date.parse(record.started))) / 1000;
  const used = usage.cpu === null ? null : usage.cpu - (since?.cpuTime ?? 0);
  return {
    time,
    memory: usage.memory,
    cpuTime: usage.cpu,
    cpus: used === null || span <= 0 ? null : Math.max(0, used / span),
  };
}
