// Opening a port from the page: where a signed-in browser gets its cookie for the ports of a server, and which ports the
// page lists for a person. Not here: serving the port (gateway.ts), sharing (page/sharing-forms.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import type { OfferedPath } from '../../open-ports/offered.ts';
import type { PortLists } from '../../open-ports/port-lists.ts';
import type { ServerRecord } from '../../records/record.ts';
import type { Shares } from '../../shares/shares.ts';
import { setCookie } from '../auth/cookies.ts';
import type { Session } from '../auth/sessions.ts';
import { sessionOf } from '../auth/sign-in.ts';
import { type Site, sendPage } from '../views/layout.ts';
import type { PortsOfServer } from '../views/ports/port-tables.ts';
import type { SharedPort } from '../views/ports/shared-with-you.ts';
import { visitPage } from '../views/ports/visit-page.ts';
import { mayOpen, type PortAccess, portCookie } from './access.ts';
import { findLink, type PortLink } from './link-path.ts';

export interface OpenPortInput {
  /** The servers whose ports have addresses. */
  readonly records: () => readonly ServerRecord[];
  readonly site: Site;
  readonly access: Pick<PortAccess, 'grant' | 'isAllowed'>;
  readonly shares: Pick<Shares, 'of' | 'letIn'>;
  readonly portsPath: OfferedPath;
  readonly ports: PortLists;
}

export interface OpenPortPages {
  /** Grants the cookie and sends the browser to the port in ?to=PATH; for a port of somebody else it asks first. */
  readonly openPort: RequestHandler;
  /** The same, for the form in which it has asked. */
  readonly visitPort: RequestHandler;
  /** The ports of a server as this person sees them. */
  portsOf(session: Session, record: ServerRecord): Promise<PortsOfServer>;
  /** The same for several of their own servers that offer ports. */
  ownPorts(session: Session): Promise<readonly PortsOfServer[]>;
  /** The ports that others share with this person. */
  sharedPorts(session: Session): readonly SharedPort[];
}

/** Servers of one person whose ports are listed together. */
const mostOwn = 20;
const mostShared = 200;
/** Milliseconds that a page waits for programs to say what they are. */
const patience = 1_000;

export function createOpenPort(input: OpenPortInput): OpenPortPages {
  const { records, site, access, shares, portsPath, ports } = input;

  function linkOf(to: unknown): PortLink {
    const link = findLink(String(to ?? ''), records());
    if (link !== null && portsPath(link.record) !== null) return link;
    throw new PortwrapError('NOT_FOUND', 'no port of a running server has this address', {
      hint: 'Start the server first. Its page shows the ports that are open.',
    });
  }

  /** Only for those who may open its ports are the programs behind them asked. */
  async function portsOf({ person }: Session, record: ServerRecord): Promise<PortsOfServer> {
    const below = record.state === 'ready' && mayOpen(person, record) ? portsPath(record) : null;
    return { record, below, ports: await ports.of(record, { asks: below !== null, patience }) };
  }

  function open(request: Request, response: Response, link: PortLink): void {
    const value = access.grant(sessionOf(response), link.record, link.port);
    const path = link.prefix.slice(0, link.prefix.lastIndexOf('/') + 1);
    setCookie(request, response, { name: portCookie, path, value, seconds: null });
    response.redirect(request.method === 'POST' ? 303 : 302, addressOf(link));
  }

  return {
    openPort(request, response) {
      const session = sessionOf(response);
      const link = linkOf(request.query.to);
      const isGuest =
        !mayOpen(session.person, link.record) && access.isAllowed(session, link.record, link.port);
      if (!isGuest) return open(request, response, link);
      const main = visitPage(site, link, addressOf(link), session);
      sendPage(site, response, { title: 'Open a port', main, session });
    },
    visitPort(request, response) {
      open(request, response, linkOf((request.body as { to?: unknown }).to));
    },
    portsOf,
    ownPorts(session) {
      const own = records().filter(
        (record) =>
          record.user === session.person.name && record.state === 'ready' && portsPath(record) !== null,
      );
      return Promise.all(own.slice(0, mostOwn).map((record) => portsOf(session, record)));
    },
    sharedPorts({ person }) {
      const others = records().filter((record) => record.user !== person.name && record.state === 'ready');
      return others
        .flatMap((record) => {
          const below = portsPath(record);
          const own = below === null ? [] : shares.of(record);
          return own
            .filter(({ port }) => shares.letIn(record, port, person))
            .map((share) => ({ record, share, path: `${below}/${share.port}/` }));
        })
        .slice(0, mostShared);
    },
  };
}

function addressOf({ prefix, rest }: PortLink): string {
  return `${prefix}${rest.startsWith('/') ? '' : '/'}${rest}`;
}
