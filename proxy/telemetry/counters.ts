// Counters that are updated per request and read on each scrape.
// Not here: metric names and text format (metrics.ts).
import { createTimings, type TimingCounts, type Timings } from './histogram.ts';

/** The counters of a worker, as sent to the primary. */
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
  /** Only with metrics: reading the clock takes time. */
  readonly timings: Timings | undefined;
  startTimings(): Timings;
  /** Counts a proxied request by the status of its response. */
  onResponse(status: number): void;
  /** Counts a request to the REST API. */
  onCall(method: string, status: number): void;
  snapshot(): CountersSnapshot;
  /** Adds the counts of another process since `before`. */
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
    onResponse: (status) => {
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

/** The part that can be sent to another process. */
function countsOf({ counts, sum }: TimingCounts): TimingCounts {
  return { counts, sum };
}
