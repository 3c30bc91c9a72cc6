// What the primary and its workers say to each other.
// Not here: who says it when (primary.ts, worker.ts).
import type { ConnectionCounts } from '../engines/engine.ts';
import type { Route, RouteData } from '../routes/table.ts';
import type { ClientCounts } from '../telemetry/clients.ts';
import type { CountersSnapshot } from '../telemetry/counters.ts';

export interface SentRoute {
  readonly path: string;
  readonly data: RouteData;
  readonly lastActivity: number;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly routes: readonly SentRoute[] }
  | { readonly kind: 'add'; readonly route: SentRoute }
  | { readonly kind: 'remove'; readonly path: string }
  /** Answered with a report of the same number, after everything that was sent before it. */
  | { readonly kind: 'report'; readonly number: number }
  | { readonly kind: 'drain' }
  /** Another worker has taken over. */
  | { readonly kind: 'leave' };

export type FromWorker =
  /** Only now it listens to messages: earlier ones would be lost. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'drained' }
  | Report;

export interface Report {
  readonly kind: 'report';
  readonly number: number;
  /** Paths and the times of their last activity, where there was any since the last report. */
  readonly activity: readonly (readonly [string, number])[];
  readonly connections: ConnectionCounts;
  readonly clients: ClientCounts;
  readonly counters: CountersSnapshot;
}

export function sentRoute({ path, data, lastActivity }: Route): SentRoute {
  return { path, data, lastActivity };
}
