// The messages between the primary and its workers.
// Not here: sending them (primary.ts, worker.ts).
import type { ErrorCode } from '../../config/errors.ts';
import type { ConnectionCounts } from '../engines/engine.ts';
import type { Route, RouteData } from '../routes/table.ts';
import type { ClientCounts } from '../telemetry/clients.ts';
import type { CountersSnapshot } from '../telemetry/counters.ts';
import type { TlsSets } from '../tls/certificates.ts';

export interface SentRoute {
  readonly path: string;
  readonly data: RouteData;
  readonly lastActivity: number;
}

export type ToWorker =
  /** With keys and certificates, so that all workers have the same ones, whatever is in the files now. */
  | { readonly kind: 'start'; readonly routes: readonly SentRoute[]; readonly tls: TlsSets }
  | { readonly kind: 'tls'; readonly tls: TlsSets }
  | { readonly kind: 'reopenLog' }
  | { readonly kind: 'add'; readonly route: SentRoute }
  | { readonly kind: 'remove'; readonly path: string }
  /** The worker replies with a report of the same number, after handling all earlier messages. */
  | { readonly kind: 'report'; readonly number: number }
  | { readonly kind: 'drain' }
  /** Another worker has replaced this one. */
  | { readonly kind: 'leave' };

export type FromWorker =
  /** The worker listens to messages from now on: earlier ones would be lost. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly hint: string }
  | { readonly kind: 'drained' }
  | Report;

export interface Report {
  readonly kind: 'report';
  readonly number: number;
  /** Path and time of last activity of each route that was active since the last report. */
  readonly activity: readonly (readonly [string, number])[];
  readonly connections: ConnectionCounts;
  readonly clients: ClientCounts;
  readonly counters: CountersSnapshot;
}

export function sentRoute({ path, data, lastActivity }: Route): SentRoute {
  return { path, data, lastActivity };
}
