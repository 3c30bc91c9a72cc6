// Signing in at the host of a port, which has no cookie of the page: the browser is sent there and comes back with a code,
// for which it gets a cookie of this host. Not here: the codes (port-codes.ts), the page (open-port.ts), what the
// cookie is good for (access.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PortwrapError } from '../../../config/errors.ts';
import type { PortHosts } from '../../routes/ports/port-hosts.ts';
import { cookieField, hostCookie, readCookie } from '../auth/cookies.ts';
import { newSecret } from '../auth/secrets.ts';
import type { Sessions } from '../auth/sessions.ts';
import { type PortAccess, portCookie } from './access.ts';
import { addressOf, type PortLink } from './link-path.ts';
import { challengeOf, isVerifier, type PortCodes } from './port-codes.ts';

export interface HostSignIn {
  /** Sends the browser to the page. Rejects with HUB_UNREACHABLE. */
  begin(response: ServerResponse, link: PortLink): Promise<void>;
  /** Gives the browser that comes back its cookie, and sends it on. Throws SIGN_IN_EXPIRED, PORT_REFUSED. */
  complete(request: IncomingMessage, response: ServerResponse, link: PortLink): void;
}

export interface HostSignInInput {
  readonly hosts: PortHosts;
  readonly codes: PortCodes;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly access: Pick<PortAccess, 'grant'>;
  /** The origin of the page. */
  readonly pageOrigin: () => Promise<string>;
  /** Its path to which "?to=URL&challenge=..." is added. */
  readonly signInPath: string;
}

/** The path at every port's host that is ours, and not the program's. */
const returnPath = '/.well-known/portwrap-sign-in';

export function isReturn({ rest }: PortLink): boolean {
  return rest.split('?')[0] === returnPath;
}

/** Where the page sends a browser with a code. */
export function returnAddress(origin: string, code: string): string {
  return `${origin}${returnPath}?code=${code}`;
}

/** Seconds that the sign-in at the hub may take. */
const mayTake = 600;

export function createHostSignIn(input: HostSignInInput): HostSignIn {
  const { hosts, codes, sessions, access, pageOrigin, signInPath } = input;
  const browser = { secure: hosts.isSecure };
  /** Several tabs may sign in at the same time. */
  const verifierCookie = (challenge: string) =>
    hostCookie(browser, { name: `portwrap-visit-${challenge.slice(0, 8)}`, path: '/' });
  return {
    async begin(response, link) {
      const verifier = newSecret();
      const challenge = challengeOf(verifier);
      const query = new URLSearchParams({ to: addressOf(link), challenge });
      const location = `${await pageOrigin()}${signInPath}?${query}`;
      const cookie = cookieField(browser, {
        ...verifierCookie(challenge),
        ...{ value: verifier, seconds: mayTake },
      });
      response.writeHead(302, { location, 'set-cookie': cookie, ...plain }).end();
    },
    complete(request, response, link) {
      const code = new URL(link.rest, 'http://port').searchParams.get('code') ?? '';
      const grant = codes.take(code);
      const isForThis = grant?.server === link.record.id && grant.port === link.port;
      const session = isForThis ? sessions.find(grant.session) : undefined;
      if (grant === null || session === undefined) throw expired();
      const cookie = verifierCookie(grant.challenge);
      const reader = { ...browser, get: () => request.headers.cookie };
      if (!isVerifier(readCookie(reader, cookie.name), grant.challenge)) throw expired();
      const value = access.grant(session, link.record, link.port);
      const cookies = [
        cookieField(browser, {
          ...hostCookie(browser, { name: portCookie, path: '/' }),
          value,
          seconds: null,
        }),
        cookieField(browser, { ...cookie, value: '', seconds: 0 }),
      ];
      const location = addressOf({ ...link, rest: grant.rest });
      response.writeHead(302, { location, 'set-cookie': cookies, ...plain }).end();
    },
  };
}

/** The address that is left has the code in it, or leads to the page. */
const plain = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };

function expired(): PortwrapError {
  return new PortwrapError('SIGN_IN_EXPIRED', 'this sign-in has expired, or began in another browser', {
    hint: 'Open the address of the port again; the browser must accept cookies.',
  });
}
