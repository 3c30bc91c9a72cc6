// Who may open the ports of a server: its user, and whoever the hub lets use that server. A browser gets a cookie for
// the ports of one server once its person is signed in at the page. Not here: signing in (auth/sign-in.ts).
import type { IncomingMessage } from 'node:http';
import { PortwrapError } from '../../../config/errors.ts';
import type { ServerRecord } from '../../records/record.ts';
import { type CookieReader, hostCookie, readCookie } from '../auth/cookies.ts';
import type { Person } from '../auth/hub-identity.ts';
import { isSecret, newSecret } from '../auth/secrets.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { browserCookieName, hubSessionOf, type SignIn } from '../auth/sign-in.ts';

/** The cookie of the ports of one server, sent to the paths of its ports only. */
export const portCookie = 'portwrap-port';

export interface PortAccess {
  /** The value of the cookie for a person who is signed in. Throws PORT_REFUSED. */
  grant(session: Session, record: ServerRecord): string;
  /** The person's session if the request may open ports of that server; null: sign in first. Throws PORT_REFUSED. */
  admit(request: IncomingMessage, record: ServerRecord): Promise<Session | null>;
  /** Whether a connection that began in this session may go on. */
  holds(session: Session, record: ServerRecord): Promise<boolean>;
}

/** Granted cookies that are kept; beyond this the oldest one ends. */
const mostGrants = 20_000;

interface Grant {
  readonly session: string;
  /** The id of the record: a server that is started again is another one. */
  readonly server: string;
}

export function createPortAccess({
  sessions,
  confirmed,
}: { sessions: Sessions } & Pick<SignIn, 'confirmed'>): PortAccess {
  const grants = new Map<string, Grant>();
  return {
    grant(session, record) {
      refuseUnlessAllowed(session.person, record);
      for (const [value, { session: id }] of grants) {
        if (grants.size < mostGrants && sessions.find(id) !== undefined) break; // the oldest come first
        grants.delete(value);
      }
      const value = newSecret();
      grants.set(value, { session: session.id, server: record.id });
      return value;
    },
    async admit(request, record) {
      const reader = readerOf(request);
      const grant = grants.get(readCookie(reader, portCookie) ?? '');
      const session = grant?.server === record.id ? sessions.find(grant.session) : undefined;
      // as in sign-in.ts: another host of the site may have set the other cookie. Over http this one is not sent here
      const { name } = hostCookie(reader, { ...browserCookieName, path: '/' });
      if (session === undefined || (reader.secure && !isSecret(readCookie(reader, name), session.browser)))
        return null;
      const current = await confirmed(session, hubSessionOf(reader));
      if (current === undefined) return null;
      refuseUnlessAllowed(current.person, record);
      return current;
    },
    async holds({ id }, record) {
      const session = sessions.find(id);
      if (session === undefined) return false;
      const current = await confirmed(session, session.hubSession);
      return current !== undefined && mayOpen(current.person, record);
    },
  };
}

/** As the hub decides about a server: https://jupyterhub.readthedocs.io/en/stable/rbac/scopes.html */
export function mayOpen({ name, scopes }: Person, { user, name: server }: ServerRecord): boolean {
  const granting = [
    'access:servers',
    `access:servers!user=${user}`,
    `access:servers!server=${user}/${server}`,
  ];
  return name === user || scopes.some((scope) => granting.includes(scope));
}

function refuseUnlessAllowed(person: Person, record: ServerRecord): void {
  if (!mayOpen(person, record))
    throw new PortwrapError('PORT_REFUSED', `ports of ${record.user} may not be opened by ${person.name}`);
}

/** The first proxy, which is nearest to the browser, says whether it speaks https. */
export function isSecure({ headers }: IncomingMessage): boolean {
  return (
    String(headers['x-forwarded-proto'] ?? '')
      .split(',')[0]
      ?.trim() === 'https'
  );
}

function readerOf(request: IncomingMessage): CookieReader {
  return { secure: isSecure(request), get: () => request.headers.cookie };
}
