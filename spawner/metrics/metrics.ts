// Metrics in a registry of its own, for Prometheus. Not here: where they are served (http/).
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../../config/errors.ts';
import type { ActivityTotals } from '../culling/watch.ts';
import type { HealthReport } from '../health/health.ts';
import type { Meter, Phase } from '../records/meter.ts';
import { type ServerState, serverState } from '../records/server-state.ts';

export interface Metrics extends Meter {
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

/** What is asked for at every scrape. */
export interface MetricSources {
  servers(): Readonly<Record<ServerState, number>>;
  queued(): number;
  freePorts(): number;
  activity(): ActivityTotals;
  /** Settles soon: what was found at the last check, or at one now. */
  health(): Promise<Pick<HealthReport, 'status'>>;
  /** Whether starts are refused. */
  maintenance(): boolean;
}

const healthNumber = { ok: 0, degraded: 1, failing: 2 } as const;

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300];

export function createMetrics(sources: MetricSources): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const phases = new Histogram({
    name: 'portwrap_spawn_phase_seconds',
    help: 'Duration of the phases of a start: queue, sandbox, answer, route; total is the whole start.',
    labelNames: ['phase'],
    buckets: seconds,
    registers,
  });
  const ended = new Counter({
    name: 'portwrap_servers_ended_total',
    help: 'Servers that ended, by error code ("none": by themselves) and outcome: ended by itself, stopped on purpose, failed.',
    labelNames: ['code', 'outcome'],
    registers,
  });
  const adopted = new Counter({
    name: 'portwrap_servers_adopted_total',
    help: 'Servers of an earlier service that this one adopted (alive) or found ended (gone).',
    labelNames: ['outcome'],
    registers,
  });
  const schedulerCalls = new Counter({
    name: 'portwrap_scheduler_calls_total',
    help: 'Slurm commands that were run; the number of squeue calls does not depend on the number of servers.',
    labelNames: ['command'],
    registers,
  });
  new Gauge({
    name: 'portwrap_servers',
    help: 'Known servers by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const counts = sources.servers();
      for (const state of serverState.options) this.set({ state }, counts[state]);
    },
  });
  new Gauge({
    name: 'portwrap_starts_waiting',
    help: 'Starts that wait in the queue.',
    registers,
    collect() {
      this.set(sources.queued());
    },
  });
  new Gauge({
    name: 'portwrap_ports_free',
    help: 'Host ports that are free for a start.',
    registers,
    collect() {
      this.set(sources.freePorts());
    },
  });
  new Gauge({
    name: 'portwrap_activity',
    help: 'Kernels, busy kernels, terminals and connections of ready servers when last polled; unknown counts servers.',
    labelNames: ['what'],
    registers,
    collect() {
      for (const [what, count] of Object.entries(sources.activity())) this.set({ what }, count);
    },
  });
  new Gauge({
    name: 'portwrap_maintenance',
    help: '1 while no servers are started because of maintenance, otherwise 0.',
    registers,
    collect() {
      this.set(Number(sources.maintenance()));
    },
  });
  new Gauge({
    name: 'portwrap_health',
    help: '0: ok. 1: something is wrong, and servers can be started. 2: no server can be started. /api/health says why.',
    registers,
    async collect() {
      this.set(healthNumber[(await sources.health()).status]);
    },
  });
  // memory, CPU, open files and the lag of the event loop
  // milliseconds between two samples of the event loop; each wakes up an idle service: at 10, the default, they were
  // more than half of its CPU time
  const eventLoopMonitoringPrecision = 40;
  collectDefaultMetrics({ register: registry, prefix: 'portwrap_service_', eventLoopMonitoringPrecision });
  return {
    phase: (phase: Phase, milliseconds) => phases.observe({ phase }, milliseconds / 1000),
    ended: (code: ErrorCode | null, outcome) => ended.inc({ code: code ?? 'none', outcome }),
    adopted: (outcome) => adopted.inc({ outcome }),
    schedulerCall: (command) => schedulerCalls.inc({ command }),
    text: () => registry.metrics(),
  };
}
