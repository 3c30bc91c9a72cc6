// Plain numbers that are counted per request, read when the metrics are asked for.
// Not here: their names and text form (metrics.ts).

export interface Timings {
  lookup(seconds: number): void;
  request(seconds: number): void;
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
}
