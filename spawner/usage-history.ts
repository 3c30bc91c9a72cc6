// What servers used during the last half hour: a few numbers a server, read from its control group now and then.
// Not here: what is read (observe.ts), how it is drawn (page/).
import { setImmediate as otherWork } from 'node:timers/promises';
import { usageOf } from './observe.ts';
import type { ServerRecord } from './record.ts';
import type { Servers } from './servers.ts';

export interface UsageSample {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Bytes. */
  readonly memory: number | null;
  /** CPUs kept busy since the sample before, on average. */
  readonly cpus: number | null;
}

export interface UsageHistory {
  /** Oldest first; the last one is of now. Empty where nothing is accounted. */
  of(record: ServerRecord): readonly UsageSample[];
  close(): void;
}

/** Milliseconds. */
const interval = 15_000;
const mostSamples = 120;
/** Below that a rate says more about when it was asked than about the server. */
const leastSpan = 1_000;
/** Servers that are read before other work gets its turn. */
const atOnce = 20;

interface Reading extends UsageSample {
  /** Seconds of CPU since the start of the server. */
  readonly cpuTime: number | null;
}

/** Reads all servers every 15 seconds until it is closed. */
export function keepUsageHistory(servers: Pick<Servers, 'list'>): UsageHistory {
  const readings = new Map<string, Reading[]>();

  async function sampleAll(): Promise<void> {
    const records = servers.list().map(({ record }) => record);
    const known = new Set(records.map(({ id }) => id));
    for (const id of readings.keys()) if (!known.has(id)) readings.delete(id);
    for (const [index, record] of records.entries()) {
      if (index % atOnce === atOnce - 1) await otherWork();
      const earlier = readings.get(record.id) ?? [];
      const now = read(record, earlier);
      if (now !== null) readings.set(record.id, [...earlier, now].slice(-mostSamples));
    }
  }

  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    sampleAll().finally(() => {
      busy = false;
    });
  }, interval).unref();
  return {
    of(record) {
      const earlier = readings.get(record.id) ?? [];
      const now = read(record, earlier);
      return now === null ? earlier : [...earlier, now];
    },
    close: () => clearInterval(timer),
  };
}

function read(record: ServerRecord, earlier: readonly Reading[]): Reading | null {
  const usage = usageOf(record);
  if (usage === null) return null;
  const time = Date.now();
  const since = earlier.findLast((reading) => time - reading.time >= leastSpan);
  const span = (time - (since?.time ?? Date.parse(record.started))) / 1000;
  const used = usage.cpu === null ? null : usage.cpu - (since?.cpuTime ?? 0);
  return {
    time,
    memory: usage.memory,
    cpuTime: usage.cpu,
    cpus: used === null || span <= 0 ? null : Math.max(0, used / span),
  };
}
