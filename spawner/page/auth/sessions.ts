// The page's sessions, in memory only: a restart of the service ends them, and browsers sign in again automatically.
// Own code: express-session 1.19 saves a session when a request ends, which revives one that was ended meanwhile;
// lru-cache 11 would save four lines for 3.6 MB. Not here: starting a session (sign-in.ts).
import type { Person } from './hub-identity.ts';
import { newSecret } from './secrets.ts';

export interface Session {
  /** The value of the session cookie. */
  readonly id: string;
  /** The value of the browser's second cookie, which no other host of the site can set: hostCookie() in cookies.ts. */
  readonly browser: string;
  readonly person: Person;
  /** The hub's token for this person. */
  readonly token: string;
  /** The hub's own session cookie at the last check: a different one means a different login there. */
  readonly hubSession: string | undefined;
  /** The token that every form of this session must contain. */
  readonly formToken: string;
  /** When the hub was last queried, and when the session expires, by the clock of createSessions(). */
  readonly checked: number;
  readonly expires: number;
}

export interface Sessions {
  begin(fields: Pick<Session, 'person' | 'token' | 'hubSession'>): Session;
  /** The session with that id, unless it has ended. */
  find(id: string): Session | undefined;
  /** Stores the result of a query at the hub, with the current time. */
  confirm(session: Session, fields: Pick<Session, 'person' | 'hubSession'>): Session;
  end(id: string): void;
}

/** Milliseconds from the sign-in; activity does not extend it. */
const lifetime = 12 * 3_600_000;
/** More than one machine has users; beyond this the oldest session ends. */
const mostSessions = 10_000;

/** `now`: milliseconds of a monotonic clock. */
export function createSessions(now: () => number = () => performance.now()): Sessions {
  const sessions = new Map<string, Session>();
  const keep = (session: Session) => {
    sessions.set(session.id, session);
    return session;
  };
  return {
    begin(fields) {
      for (const [id, { expires }] of sessions) {
        if (expires > now() && sessions.size < mostSessions) break; // the oldest come first
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
