// The connections that are open through links: how servers are used by them, and their end when the session of their
// person ends or access is withdrawn. Not here: what they carry (gateway.ts).
import { PortwrapError } from '../../../config/errors.ts';
import type { Clock } from '../../culling/clock.ts';
import type { LinkUse } from '../../culling/link-use.ts';
import type { ServerRecord } from '../../records/record.ts';
import type { Session } from '../auth/sessions.ts';
import type { PortAccess } from './access.ts';

export interface LiveConnections {
  /** Returns its end, which may be called twice. `cut` ends the connection. Throws LIMIT_REACHED. */
  begin(session: Session, record: ServerRecord, port: number, cut: () => void): () => void;
  /** Cuts at once what is not allowed any more, without asking the hub. */
  checkNow(): void;
  /** Something came from a browser. */
  touch(id: string): void;
  useOf(id: string): LinkUse;
  /** Cuts all. */
  close(): void;
}

export interface LiveInput extends Pick<PortAccess, 'holds' | 'isAllowed'> {
  /** Whether ports of this server may be opened at all. */
  readonly isOffered: (record: ServerRecord) => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Milliseconds between two checks. */
  readonly interval?: number;
}

/** Requests and WebSockets at the same time, to all ports of one server. */
const mostPerServer = 256;
/** Servers whose last use is remembered. */
const mostUses = 10_000;

interface Connection {
  readonly session: Session;
  readonly record: ServerRecord;
  readonly port: number;
  readonly cut: () => void;
}

export function createLiveConnections({
  holds,
  isAllowed,
  isOffered,
  clock,
  interval = 5_000,
}: LiveInput): LiveConnections {
  const open = new Set<Connection>();
  const counts = new Map<string, number>();
  const used = new Map<string, number>();

  const touch = (id: string) => {
    used.delete(id); // so that the order is that of the uses
    used.set(id, clock.monotonic());
    for (const oldest of used.keys()) {
      if (used.size <= mostUses) break;
      used.delete(oldest);
    }
  };

  /** One question for a session and a port. A hub that does not respond ends nothing. */
  async function check(): Promise<void> {
    const verdicts = new Map<string, boolean>();
    for (const { session, record, port, cut } of [...open]) {
      const key = `${session.id} ${record.id} ${port}`;
      const goesOn =
        verdicts.get(key) ?? (isOffered(record) && (await holds(session, record, port).catch(isNoVerdict)));
      verdicts.set(key, goesOn);
      if (!goesOn) cut();
    }
  }

  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const checkLater = () => {
    if (!closed) timer = setTimeout(() => check().finally(checkLater), interval).unref();
  };
  checkLater();

  return {
    begin(session, record, port, cut) {
      const { id } = record;
      const count = counts.get(id) ?? 0;
      if (count >= mostPerServer) {
        throw new PortwrapError(
          'LIMIT_REACHED',
          `${mostPerServer} connections to ports of this server are open`,
          {
            hint: 'Close some of its pages, then load this one again.',
          },
        );
      }
      const connection = { session, record, port, cut };
      open.add(connection);
      counts.set(id, count + 1);
      touch(id);
      return () => {
        if (!open.delete(connection)) return;
        const left = (counts.get(id) ?? 1) - 1;
        if (left > 0) counts.set(id, left);
        else counts.delete(id);
      };
    },
    checkNow() {
      for (const { session, record, port, cut } of [...open]) if (!isAllowed(session, record, port)) cut();
    },
    touch,
    useOf: (id) => ({ usedAt: used.get(id) ?? null, connections: counts.get(id) ?? 0 }),
    close() {
      closed = true;
      clearTimeout(timer);
      for (const { cut } of open) cut();
    },
  };
}

function isNoVerdict(error: unknown): boolean {
  return error instanceof PortwrapError && error.code === 'HUB_UNREACHABLE';
}
