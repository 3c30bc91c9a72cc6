// Who may open the ports of a server: its user, whoever the hub lets use that server, and a port that is shared, those with
// whom it is. A browser gets a cookie for the ports of one server once its person is signed in at the page.
// Not here: signing in (auth/sign-in.ts), sharing (shares/).
import type { IncomingMessage } from 'node:http';
import { PortwrapError } from '../../../config/errors.ts';
import type { ServerRecord } from '../../records/record.ts';
import type { PortHosts } from '../../routes/ports/port-hosts.ts';
import type { Shares } from '../../shares/shares.ts';
import { type CookieReader, hostCookie, readCookie } from '../auth/cookies.ts';
import type { Person } from '../auth/hub-identity.ts';
import { isSecret, newSecret } from '../auth/secrets.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { browserCookieName, hubSessionOf, type SignIn } from '../auth/sign-in.ts';

/** The cookie of the ports of one server, sent to the paths of its ports only; or of one port, sent to its host only. */
export const portCookie = 'portwrap-port';

export interface PortAccess {
  /** The value of the cookie for a person who is signed in and may open this port. Throws PORT_REFUSED. */
  grant(session: Session, record: ServerRecord, port: number): string;
  /** Throws PORT_REFUSED if this person may not open that port, by what is known of them. */
  refuseUnlessAllowed(session: Session, record: ServerRecord, port: number): void;
  /** The person's session if the request may open that port; null: sign in first. Throws PORT_REFUSED. */
  admit(request: IncomingMessage, record: ServerRecord, port: number): Promise<Session | null>;
  /** Whether this person may open that port, by what is known of them. */
  isAllowed(session: Session, record: ServerRecord, port: number): boolean;
  /** Whether a connection that began in this session may go on; the hub is asked if that was some time ago. */
  holds(session: Session, record: ServerRecord, port: number): Promise<boolean>;
}

/** Granted cookies that are kept; beyond this the oldest one ends. */
const mostGrants = 20_000;

interface Grant {
  readonly session: string;
  /** The id of the record: a server that is started again is another one. */
  readonly server: string;
  readonly port: number;
}

export interface PortAccessInput extends Pick<SignIn, 'confirmed'> {
  readonly sessions: Sessions;
  /** Whether somebody is let in to a port by a share. */
  readonly letIn: Shares['letIn'];
  /** null: ports are paths on the host of the hub. */
  readonly hosts: PortHosts | null;
}

export function createPortAccess({ sessions, confirmed, letIn, hosts }: PortAccessInput): PortAccess {
  const grants = new Map<string, Grant>();
  const may = ({ person }: Session, record: ServerRecord, port: number) =>
    mayOpen(person, record) || letIn(record, port, person);
  const refuseUnlessAllowed = (session: Session, record: ServerRecord, port: number) => {
    if (may(session, record, port)) return;
    const { name } = session.person;
    throw new PortwrapError('PORT_REFUSED', `port ${port} of ${record.user} may not be opened by ${name}`);
  };
  const sessionByPath = (reader: CookieReader, record: ServerRecord): Session | undefined => {
    const grant = grants.get(readCookie(reader, portCookie) ?? '');
    const session = grant?.server === record.id ? sessions.find(grant.session) : undefined;
    if (session === undefined || !reader.secure) return session;
    // as in sign-in.ts: another host of the site may have set the other cookie. Over http this one is not sent here
    const { name } = hostCookie(reader, { ...browserCookieName, path: '/' });
    return isSecret(readCookie(reader, name), session.browser) ? session : undefined;
  };
  /** Over https no other host can set this cookie. */
  const sessionAtHost = (reader: CookieReader, record: ServerRecord, port: number): Session | undefined => {
    const { name } = hostCookie(reader, { name: portCookie, path: '/' });
    const grant = grants.get(readCookie(reader, name) ?? '');
    return grant?.server === record.id && grant.port === port ? sessions.find(grant.session) : undefined;
  };
  return {
    isAllowed: may,
    refuseUnlessAllowed,
    grant(session, record, port) {
      refuseUnlessAllowed(session, record, port);
      for (const [value, { session: id }] of grants) {
        if (grants.size < mostGrants && sessions.find(id) !== undefined) break; // the oldest come first
        grants.delete(value);
      }
      const value = newSecret();
      grants.set(value, { session: session.id, server: record.id, port });
      return value;
    },
    async admit(request, record, port) {
      const reader = readerOf(request, hosts);
      const session = hosts === null ? sessionByPath(reader, record) : sessionAtHost(reader, record, port);
      if (session === undefined) return null;
      const seesHub = hosts === null || hosts.getHubCookies;
      const current = await confirmed(session, seesHub ? hubSessionOf(reader) : session.hubSession);
      if (current === undefined) return null;
      refuseUnlessAllowed(current, record, port);
      return current;
    },
    async holds({ id }, record, port) {
      const session = sessions.find(id);
      if (session === undefined) return false;
      const current = await confirmed(session, session.hubSession);
      return current !== undefined && may(current, record, port);
    },
  };
}

/** Any port of the server, as the hub decides about a server: https://jupyterhub.readthedocs.io/en/stable/rbac/scopes.html */
export function mayOpen({ name, scopes }: Person, { user, name: server }: ServerRecord): boolean {
  const granting = [
    'access:servers',
    `access:servers!user=${user}`,
    `access:servers!server=${user}/${server}`,
  ];
  return name === user || scopes.some((scope) => granting.includes(scope));
}

/** The first proxy, which is nearest to the browser, says whether it speaks https. */
export function isSecure({ headers }: IncomingMessage): boolean {
  return (
    String(headers['x-forwarded-proto'] ?? '')
      .split(',')[0]
      ?.trim() === 'https'
  );
}

/** With hosts of ports the configuration says whether browsers speak https. */
function readerOf(request: IncomingMessage, hosts: PortHosts | null): CookieReader {
  return { secure: hosts?.isSecure ?? isSecure(request), get: () => request.headers.cookie };
}
