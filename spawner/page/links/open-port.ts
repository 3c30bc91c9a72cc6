// Opening a port from the page: where a signed-in browser gets its cookie for the ports of a server, or the code with which
// the port's own host gives it one, and which ports the page lists for a person. Not here: serving the port (gateway.ts), sharing (page/sharing-forms.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import type { OfferedPorts } from '../../open-ports/offered.ts';
import type { PortLists } from '../../open-ports/port-lists.ts';
import type { ServerRecord } from '../../records/record.ts';
import type { PortHosts } from '../../routes/ports/port-hosts.ts';
import type { PortRoutes } from '../../routes/ports/port-routes.ts';
import type { Shares } from '../../shares/shares.ts';
import { setCookie } from '../auth/cookies.ts';
import { allowFormTo } from '../auth/security-headers.ts';
import type { Session } from '../auth/sessions.ts';
import { sessionOf } from '../auth/sign-in.ts';
import { type Site, sendPage } from '../views/layout.ts';
import { hasLink, type PortsOfServer } from '../views/ports/port-tables.ts';
import type { SharedPort } from '../views/ports/shared-with-you.ts';
import { visitPage } from '../views/ports/visit-page.ts';
import { mayOpen, type PortAccess, portCookie } from './access.ts';
import { returnAddress } from './host-sign-in.ts';
import { addressOf, findHostLink, findLink, type PortLink } from './link-path.ts';
import { isChallenge, type PortCodes } from './port-codes.ts';

export interface OpenPortInput {
  /** The servers whose ports have addresses. */
  readonly records: () => readonly ServerRecord[];
  readonly site: Site;
  readonly access: Pick<PortAccess, 'grant' | 'isAllowed' | 'refuseUnlessAllowed'>;
  readonly shares: Pick<Shares, 'of' | 'letIn'>;
  readonly offeredPorts: OfferedPorts;
  readonly portRoutes: Pick<PortRoutes, 'open'>;
  /** null: ports are paths on the host of the hub. */
  readonly hosts: PortHosts | null;
  readonly codes: PortCodes;
  readonly ports: PortLists;
}

export interface OpenPortPages {
  /**
   * Grants the cookie and sends the browser to the port in ?to=ADDRESS; for a port of somebody else it asks first. With
   * ?challenge=... (port-codes.ts) it grants a code for the port's own host.
   */
  readonly openPort: RequestHandler;
  /** The same, for the form in which it has asked. */
  readonly visitPort: RequestHandler;
  /** The ports of a server as this person sees them. */
  portsOf(session: Session, record: ServerRecord): Promise<PortsOfServer>;
  /** The same for several of their own servers that offer ports. */
  ownPorts(session: Session): Promise<readonly PortsOfServer[]>;
  /** The ports that others share with this person. */
  sharedPorts(session: Session): Promise<readonly SharedPort[]>;
}

/** Servers of one person whose ports are listed together. */
const mostOwn = 20;
const mostShared = 200;
/** Milliseconds that a page waits for programs to say what they are. */
const patience = 1_000;

export function createOpenPort(input: OpenPortInput): OpenPortPages {
  const { records, site, access, shares, offeredPorts, portRoutes, hosts, codes, ports } = input;

  function linkOf(to: unknown): PortLink {
    const text = String(to ?? '');
    const link = hosts === null ? findLink(text, records()) : findAtHost(hosts, text, records());
    if (link !== null && offeredPorts(link.record) !== null) return link;
    throw new PortwrapError('NOT_FOUND', 'no port of a running server has this address', {
      hint: 'Start the server first. Its page shows the ports that are open.',
    });
  }

  /** Only for those who may open its ports are the programs behind them asked. */
  async function portsOf({ person }: Session, record: ServerRecord): Promise<PortsOfServer> {
    const addressOf = record.state === 'ready' && mayOpen(person, record) ? offeredPorts(record) : null;
    const found = await ports.of(record, { asks: addressOf !== null, patience });
    // the links must lead somewhere
    if (addressOf !== null) {
      const linked = found.filter(hasLink).map(({ port }) => port);
      await portRoutes.open(record, linked);
    }
    return { record, addressOf, ports: found };
  }

  async function open(
    request: Request,
    response: Response,
    link: PortLink,
    challenge: unknown,
  ): Promise<void> {
    const status = request.method === 'POST' ? 303 : 302;
    const { record, port, origin } = link;
    const session = sessionOf(response);
    if (origin !== null) {
      access.refuseUnlessAllowed(session, record, port);
      await portRoutes.open(record, [port]);
      // its host sends the browser back, with a challenge
      if (!isChallenge(challenge)) return response.redirect(status, addressOf(link));
      const code = codes.issue({ session: session.id, server: record.id, port, challenge, rest: link.rest });
      return response.redirect(status, returnAddress(origin, code));
    }
    const value = access.grant(session, record, port);
    const path = link.prefix.slice(0, link.prefix.lastIndexOf('/') + 1);
    setCookie(request, response, { name: portCookie, path, value, seconds: null });
    response.redirect(status, addressOf(link));
  }

  return {
    async openPort(request, response) {
      const session = sessionOf(response);
      const { to, challenge } = request.query;
      const link = linkOf(to);
      const isGuest =
        !mayOpen(session.person, link.record) && access.isAllowed(session, link.record, link.port);
      // without a challenge, the port's own host sends the browser here again
      const isAsked = isGuest && (hosts === null || isChallenge(challenge));
      if (!isAsked) return open(request, response, link, challenge);
      if (link.origin !== null) allowFormTo(response, link.origin);
      const visit = { ...link, to: addressOf(link), challenge: isChallenge(challenge) ? challenge : null };
      sendPage(site, response, {
        title: 'Open a port',
        main: visitPage(site, visit, session),
        session,
      });
    },
    async visitPort(request, response) {
      const { to, challenge } = request.body as { to?: unknown; challenge?: unknown };
      await open(request, response, linkOf(to), challenge);
    },
    portsOf,
    ownPorts(session) {
      const own = records().filter(
        (record) =>
          record.user === session.person.name && record.state === 'ready' && offeredPorts(record) !== null,
      );
      return Promise.all(own.slice(0, mostOwn).map((record) => portsOf(session, record)));
    },
    async sharedPorts({ person }) {
      const others = records().filter((record) => record.user !== person.name && record.state === 'ready');
      const shared = others
        .flatMap((record) => {
          const addressOf = offeredPorts(record);
          if (addressOf === null) return [];
          return shares
            .of(record)
            .filter(({ port }) => shares.letIn(record, port, person))
            .map((share) => ({ record, share, address: addressOf(share.port) }));
        })
        .slice(0, mostShared);
      await Promise.all(shared.map(({ record, share }) => portRoutes.open(record, [share.port])));
      return shared;
    },
  };
}

/** `to`: a URL of a port's own host, or the path of a port, which stands for the same. */
function findAtHost(hosts: PortHosts, to: string, records: readonly ServerRecord[]): PortLink | null {
  if (to.startsWith('/')) {
    const { record, port, rest } = findLink(to, records) ?? {};
    if (record === undefined || port === undefined || rest === undefined) return null;
    return { record, port, rest: rest.startsWith('/') ? rest : `/${rest}`, ...ownHost(hosts, record, port) };
  }
  if (!URL.canParse(to)) return null;
  const { origin, host, pathname, search } = new URL(to);
  const link = findHostLink(hosts, { host, url: `${pathname}${search}` }, records);
  return link?.origin === origin ? link : null;
}

function ownHost(hosts: PortHosts, record: ServerRecord, port: number) {
  return { origin: hosts.originOf(record, port), prefix: '' };
}
