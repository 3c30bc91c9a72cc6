// Plain numbers that are counted per request, read when the metrics are asked for.
// Not here: their names and text form (metrics.ts).
import { type TimingCounts, Timings } from './histogram.ts';

/** What a worker tells its primary. */
export interface CountersSnapshot {
  readonly web: number;
  readonly websockets: number;
  readonly proxied: readonly (readonly [number, number])[];
  readonly timings: { readonly lookup: TimingCounts; readonly request: TimingCounts } | undefined;
}

export class Counters {
  web = 0;
  websockets = 0;
  readonly proxied = new Map<number, number>();
  readonly api = new Map<number, number>();
  routeGets = 0;
  routeAdds = 0;
  routeDeletes = 0;
  /** Only where there are metrics: telling the time costs something. */
  timings: Timings | undefined;

  startTimings(): Timings {
    this.timings ??= new Timings();
    return this.timings;
  }

  /** A proxied request was answered with `status`. */
  answered(status: number): void {
    this.proxied.set(status, (this.proxied.get(status) ?? 0) + 1);
  }

  /** A call of the REST API was answered. */
  onCall(method: string, status: number): void {
    this.api.set(status, (this.api.get(status) ?? 0) + 1);
    if (status >= 300) return;
    if (method === 'GET') this.routeGets++;
    else if (method === 'POST') this.routeAdds++;
    else if (method === 'DELETE') this.routeDeletes++;
  }

  snapshot(): CountersSnapshot {
    const { web, websockets, timings } = this;
    return { web, websockets, proxied: [...this.proxied], timings };
  }

  /** Adds what another process has counted since `before`. */
  add(now: CountersSnapshot, before: CountersSnapshot | undefined): void {
    this.web += now.web - (before?.web ?? 0);
    this.websockets += now.websockets - (before?.websockets ?? 0);
    const known = new Map(before?.proxied);
    for (const [status, times] of now.proxied) {
      this.proxied.set(status, (this.proxied.get(status) ?? 0) + times - (known.get(status) ?? 0));
    }
    if (now.timings === undefined) return;
    const timings = this.startTimings();
    timings.lookup.add(now.timings.lookup, before?.timings?.lookup);
    timings.request.add(now.timings.request, before?.timings?.request);
  }
}
