// The metrics listener: configurable-http-proxy's names, and what its users ask for in vain (open WebSockets,
// upstream connections by state, latency). Numbers are read when they are asked for.
// Not here: counting (counters.ts).
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry, Summary } from 'prom-client';
import type { ConnectionCounts } from '../engine.ts';
import type { RouteTable } from '../routes/table.ts';
import type { Counters } from './counters.ts';

export interface Connections {
  count(): ConnectionCounts;
}

export function createMetricsServer(counters: Counters, connections: Connections, table: RouteTable): Server {
  const registry = createRegistry(counters, connections, table);
  return createServer((req, res) => {
    if (req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => res.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      () => res.writeHead(500).end(),
    );
  });
}

function createRegistry(counters: Counters, connections: Connections, table: RouteTable): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const plain: readonly [string, string, () => number][] = [
    ['api_route_get', 'Count of API route get requests', () => counters.routeGets],
    ['api_route_add', 'Count of API route add requests', () => counters.routeAdds],
    ['api_route_delete', 'Count of API route delete requests', () => counters.routeDeletes],
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
  gauges(registry, connections, table);
  timings(registry, counters);
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
    name: 'portwrap_proxy_upstream_connections',
    help: 'Connections to upstreams by state; upgraded ones are WebSockets',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(connections.count())) this.set({ state }, count);
    },
  });
}

function timings(registry: Registry, counters: Counters): void {
  const lookup = new Summary({
    name: 'find_target_for_req',
    help: 'Summary of find target requests',
    registers: [registry],
  });
  // There is nothing to wait for here: the name is kept for dashboards.
  new Summary({
    name: 'last_activity_updating',
    help: 'Summary of last activity updating requests',
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'portwrap_proxy_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers: [registry],
  });
  counters.timings = {
    lookup: (seconds) => lookup.observe(seconds),
    request: (seconds) => duration.observe(seconds),
  };
}
