// Plain numbers that are counted per request, read when the metrics are asked for.
// Not here: their names and text form (metrics.ts).
import { createTimings, type TimingCounts, type Timings } from './histogram.ts';

/** What a worker tells its primary. */
export interface CountersSnapshot {
  readonly web: number;
  readonly websockets: number;
  readonly proxied: readonly (readonly [number, number])[];
  readonly timings: { readonly lookup: TimingCounts; readonly request: TimingCounts } | undefined;
}

export interface Counters {
  web: number;
  websockets: number;
  readonly proxied: ReadonlyMap<number, number>;
  readonly api: ReadonlyMap<number, number>;
  /** Successful calls of the REST API. */
  readonly calls: Readonly<Record<'GET' | 'POST' | 'DELETE', number>>;
  /** Only where there are metrics: reading the clock takes time. */
  readonly timings: Timings | undefined;
  startTimings(): Timings;
  /** A proxied request was answered with `status`. */
  answered(status: number): void;
  /** A call of the REST API was answered. */
  onCall(method: string, status: number): void;
  snapshot(): CountersSnapshot;
  /** Adds what another process has counted since `before`. */
  add(now: CountersSnapshot, before: CountersSnapshot | undefined): void;
}

export function createCounters(): Counters {
  const proxied = new Map<number, number>();
  const api = new Map<number, number>();
  const calls = { GET: 0, POST: 0, DELETE: 0 };
  let timings: Timings | undefined;
  const startTimings = (): Timings => {
    timings ??= createTimings();
    return timings;
  };
  const counters: Counters = {
    web: 0,
    websockets: 0,
    proxied,
    api,
    calls,
    get timings() {
      return timings;
    },
    startTimings,
    answered: (status) => {
      proxied.set(status, (proxied.get(status) ?? 0) + 1);
    },
    onCall: (method, status) => {
      api.set(status, (api.get(status) ?? 0) + 1);
      if (status < 300 && (method === 'GET' || method === 'POST' || method === 'DELETE')) calls[method]++;
    },
    snapshot: () => ({
      web: counters.web,
      websockets: counters.websockets,
      proxied: [...proxied],
      timings: timings && { lookup: countsOf(timings.lookup), request: countsOf(timings.request) },
    }),
    add: (now, before) => {
      counters.web += now.web - (before?.web ?? 0);
      counters.websockets += now.websockets - (before?.websockets ?? 0);
      const known = new Map(before?.proxied);
      for (const [status, times] of now.proxied) {
        proxied.set(status, (proxied.get(status) ?? 0) + times - (known.get(status) ?? 0));
      }
      if (now.timings === undefined) return;
      const { lookup, request } = startTimings();
      lookup.add(now.timings.lookup, before?.timings?.lookup);
      request.add(now.timings.request, before?.timings?.request);
    },
  };
  return counters;
}

/** What can be sent to another process. */
function countsOf({ counts, sum }: TimingCounts): TimingCounts {
  return { counts, sum };
}
