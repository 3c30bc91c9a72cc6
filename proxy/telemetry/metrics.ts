// The metrics listener: configurable-http-proxy's metrics, and more (open WebSockets, connections by state, latency).
// Values are collected on each scrape.
// Not here: counting (counters.ts).
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry, Summary } from 'prom-client';
import type { ConnectionCounts } from '../engines/engine.ts';
import type { RouteTable } from '../routes/table.ts';
import type { ClientCounts } from './clients.ts';
import type { Counters } from './counters.ts';
import type { Timings } from './histogram.ts';

export interface Connections {
  count(): ConnectionCounts;
  clients(): ClientCounts;
  /** Resolves when the current numbers of every process are known here. */
  flushed(): Promise<void>;
}

export function createMetricsServer(counters: Counters, connections: Connections, table: RouteTable): Server {
  const registry = createRegistry(counters, connections, table);
  const timings = counters.startTimings();
  const text = async (): Promise<string> => {
    await connections.flushed();
    return `${await registry.metrics()}\n${timingsText(timings)}`;
  };
  return createServer((req, res) => {
    if (req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    text().then(
      (body) => res.writeHead(200, { 'Content-Type': registry.contentType }).end(body),
      () => res.writeHead(500).end(),
    );
  });
}

function createRegistry(counters: Counters, connections: Connections, table: RouteTable): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const plain: readonly [string, string, () => number][] = [
    ['api_route_get', 'Count of API route get requests', () => counters.calls.GET],
    ['api_route_add', 'Count of API route add requests', () => counters.calls.POST],
    ['api_route_delete', 'Count of API route delete requests', () => counters.calls.DELETE],
    ['requests_ws', 'Count of websocket requests', () => counters.websockets],
    ['requests_web', 'Count of web requests', () => counters.web],
  ];
  for (const [name, help, value] of plain) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }
  byStatus(registry, 'requests_proxy', 'Count of proxied requests by status', counters.proxied);
  byStatus(registry, 'requests_api', 'Count of API requests by status', counters.api);
  // Always empty, because updating the activity takes no time here; the name is kept for dashboards.
  new Summary({
    name: 'last_activity_updating',
    help: 'Summary of last activity updating requests',
    registers: [registry],
  });
  gauges(registry, connections, table);
  return registry;
}

function byStatus(registry: Registry, name: string, help: string, counts: ReadonlyMap<number, number>): void {
  new Counter({
    name,
    help,
    labelNames: ['status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [status, count] of counts) this.inc({ status }, count);
    },
  });
}

function gauges(registry: Registry, connections: Connections, table: RouteTable): void {
  new Gauge({
    name: 'portwrap_proxy_routes',
    help: 'Routes in the table',
    registers: [registry],
    collect() {
      this.set(table.size);
    },
  });
  new Gauge({
    name: 'portwrap_proxy_open_websockets',
    help: 'WebSockets that are open now',
    registers: [registry],
    collect() {
      this.set(connections.count().upgraded);
    },
  });
  byState(registry, 'upstream', 'Connections to targets by state', () => connections.count());
  byState(registry, 'client', 'Connections of clients by state', () => connections.clients());
}

function byState(registry: Registry, side: string, help: string, counts: () => object): void {
  new Gauge({
    name: `portwrap_proxy_${side}_connections`,
    help,
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(counts())) this.set({ state }, count);
    },
  });
}

/** With configurable-http-proxy's names; the quantiles of the summary are upper bounds of buckets. */
function timingsText({ lookup, request }: Timings): string {
  const name = 'portwrap_proxy_request_duration_seconds';
  let below = 0;
  const buckets = request.bounds.map((bound, at) => {
    below += request.counts[at] ?? 0;
    return `${name}_bucket{le="${bound}"} ${below}\n`;
  });
  const quantiles = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999].map(
    (q) => `find_target_for_req{quantile="${q}"} ${prometheusNumber(lookup.quantile(q))}\n`,
  );
  return [
    `# HELP find_target_for_req Summary of find target requests\n# TYPE find_target_for_req summary\n`,
    ...quantiles,
    `find_target_for_req_sum ${lookup.sum}\nfind_target_for_req_count ${lookup.count}\n\n`,
    `# HELP ${name} From the head of a request to the end of its answer\n# TYPE ${name} histogram\n`,
    ...buckets,
    `${name}_bucket{le="+Inf"} ${request.count}\n`,
    `${name}_sum ${request.sum}\n${name}_count ${request.count}\n`,
  ].join('');
}

function prometheusNumber(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : `${value}`;
}
