// Who is signed in, in memory only: a restart of the service signs everybody out, and browsers in again.
// Not here: how a session begins (sign-in.ts).
import { randomBytes } from 'node:crypto';
import type { Person } from './hub-identity.ts';

export interface Session {
  /** What the cookie holds. */
  readonly id: string;
  readonly person: Person;
  /** The hub's token for this person. */
  readonly token: string;
  /** The hub's own session cookie when the hub was last asked: another one means another login there. */
  readonly hubSession: string | undefined;
  /** What every form of this session must carry. */
  readonly formToken: string;
  /** Milliseconds since the epoch: when the hub was last asked, and when the session is over. */
  readonly checked: number;
  readonly expires: number;
}

export interface Sessions {
  begin(fields: Pick<Session, 'person' | 'token' | 'hubSession'>): Session;
  /** The session of that id, unless it is over. */
  find(id: string): Session | undefined;
  /** Takes note of what the hub said just now. */
  confirm(session: Session, fields: Pick<Session, 'person' | 'hubSession'>): Session;
  end(id: string): void;
}

/** Milliseconds. */
const lifetime = 12 * 3_600_000;
/** More people than one machine serves; beyond that the oldest session ends. */
const mostSessions = 10_000;

export function createSessions(now: () => number = Date.now): Sessions {
  const sessions = new Map<string, Session>();
  const keep = (session: Session) => {
    sessions.set(session.id, session);
    return session;
  };
  return {
    begin(fields) {
      for (const [id, { expires }] of sessions) {
        if (expires > now() && sessions.size < mostSessions) break; // in the order in which they began
        sessions.delete(id);
      }
      const secrets = { id: secret(), formToken: secret() };
      return keep({ ...fields, ...secrets, checked: now(), expires: now() + lifetime });
    },
    find(id) {
      const session = sessions.get(id);
      return session !== undefined && session.expires > now() ? session : undefined;
    },
    confirm(session, fields) {
      const confirmed = { ...session, ...fields, checked: now() };
      return sessions.has(session.id) ? keep(confirmed) : confirmed;
    },
    end: (id) => void sessions.delete(id),
  };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
