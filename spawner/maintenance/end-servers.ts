// Asks every server to end when the maintenance says so, also one whose time passed while the service was away.
// Not here: the maintenance itself (maintenance.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { serverLabel } from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';
import type { Servers } from '../servers/servers.ts';
import type { Maintenance } from './maintenance.ts';

export interface EndServersInput {
  readonly maintenance: Pick<Maintenance, 'view' | 'onChange'>;
  readonly servers: Pick<Servers, 'list'>;
  readonly log: Logger;
}

/** Returns the function that ends it. */
export function endServersInTime({ maintenance, servers, log }: EndServersInput): () => void {
  let timer: NodeJS.Timeout | undefined;
  /** For which moment it was done. */
  let done: string | null = null;

  const plan = () => {
    clearTimeout(timer);
    const { stop_servers_at: at, message } = maintenance.view();
    if (at === null || at === done) return;
    const rest = Date.parse(at) - Date.now();
    if (rest > 0) {
      // a timer knows nothing of a clock that is set, nor of more than 24 days
      timer = setTimeout(plan, Math.min(rest, longestWait)).unref();
      return;
    }
    done = at;
    endAll(message ?? '');
  };
  const endAll = (message: string) => {
    const alive = servers.list().filter(({ record }) => isAlive(record.state));
    log.warn({ servers: alive.length }, 'maintenance: asking every server to end');
    for (const server of alive) {
      const label = serverLabel(server.record);
      void server.stop(
        false,
        new PortwrapError('MAINTENANCE', `stopped for maintenance: ${message}`, { server: label }),
      );
    }
  };
  maintenance.onChange(plan);
  plan();
  return () => clearTimeout(timer);
}

/** Milliseconds. */
const longestWait = 30_000;
