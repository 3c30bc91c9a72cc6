// Who is signed in, in memory only: a restart of the service signs everybody out, and browsers in again. Own code:
// express-session 1.19 writes a session back when a request ends, and so revives one that was ended meanwhile;
// lru-cache 11 would save four lines for 3.6 MB. Not here: how a session begins (sign-in.ts).
import type { Person } from './hub-identity.ts';
import { newSecret } from './secrets.ts';

export interface Session {
  /** What the cookie holds. */
  readonly id: string;
  /** What the browser's other cookie holds, which no other host of the site can set: see hostCookie() in cookies.ts. */
  readonly browser: string;
  readonly person: Person;
  /** The hub's token for this person. */
  readonly token: string;
  /** The hub's own session cookie when the hub was last asked: another one means another login there. */
  readonly hubSession: string | undefined;
  /** What every form of this session must carry. */
  readonly formToken: string;
  /** When the hub was last asked, and when the session is over, by the clock of createSessions(). */
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

/** Milliseconds from the sign-in, however much it is used. */
const lifetime = 12 * 3_600_000;
/** More people than one machine serves; beyond that the oldest session ends. */
const mostSessions = 10_000;

/** `now`: milliseconds of a clock that nobody sets. */
export function createSessions(now: () => number = () => performance.now()): Sessions {
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
      const secrets = { id: newSecret(), browser: newSecret(), formToken: newSecret() };
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
