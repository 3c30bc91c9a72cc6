// Sign-in with the hub, and the guard of every page: it requires a session, and checks it at the hub every few minutes
// and whenever the hub's own session cookie has changed. Not here: requests to the hub (hub-identity.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import {
  type CookieReader,
  clearCookie,
  cookieValues,
  hostCookie,
  readCookie,
  setCookie,
} from './cookies.ts';
import { formTokenHeader, isFormToken } from './form-token.ts';
import type { HubIdentity } from './hub-identity.ts';
import { createPendingSignIns } from './pending-sign-ins.ts';
import { isSecret } from './secrets.ts';
import type { Session, Sessions } from './sessions.ts';

export interface SignIn {
  /**
   * Accepts requests of a signed-in browser that open a page, and fetches of the page's own script; refuses others with
   * FETCH_REFUSED. Without a session it redirects to the hub, or refuses with SIGNED_OUT if no page is opened.
   */
  readonly guard: RequestHandler;
  /**
   * The session after a check at the hub if the last one is too old, or if the browser's session at the hub is another
   * one than it was; undefined when it has ended. `hubSession`: see hubSessionOf(). Throws as HubIdentity.whoIs().
   */
  readonly confirmed: (session: Session, hubSession: string | undefined) => Promise<Session | undefined>;
  /** Handles the hub's redirect back to the page. */
  readonly callback: RequestHandler;
  /** Ends the session, and redirects the browser to the hub's logout; the hub's own session lasts until then. */
  readonly signOut: RequestHandler;
}

export interface SignInInput {
  readonly hub: HubIdentity;
  readonly sessions: Sessions;
  /** The page's path, with "/" at both ends. */
  readonly prefix: string;
  readonly logoutUrl: string;
  /** The URL to which the hub redirects the browser of that request. */
  readonly callbackOf: (request: Request) => string;
  /** Called for each sign-in and sign-out. */
  readonly signed: (event: 'sign-in' | 'sign-out', session: Session) => void;
  readonly now?: () => number;
}

/** Milliseconds that a response of the hub stays valid. */
const trustFor = 300_000;
const hubSessionCookie = 'jupyterhub-session-id';
/** Over https the same browser sends it to all of the host. */
export const browserCookieName = { name: 'portwrap-browser' } as const;

export function createSignIn(input: SignInInput): SignIn {
  const { hub, sessions, prefix, logoutUrl, callbackOf, signed, now = () => performance.now() } = input;
  const pending = createPendingSignIns(prefix, now);
  const sessionCookie = { name: 'portwrap-page', path: prefix };
  const browserCookie = (request: Request) => hostCookie(request, { ...browserCookieName, path: prefix });

  /** The session, if the hub still confirms it. */
  async function current(request: Request): Promise<Session | undefined> {
    const session = sessions.find(readCookie(request, sessionCookie.name) ?? '');
    if (session === undefined) return undefined;
    // another host of the site may have set the session cookie alone, to make people use a stranger's session
    if (!isSecret(readCookie(request, browserCookie(request).name), session.browser)) return undefined;
    return confirmed(session, hubSessionOf(request));
  }

  async function confirmed(session: Session, hubSession: string | undefined): Promise<Session | undefined> {
    if (now() - session.checked < trustFor && hubSession === session.hubSession) return session;
    const person = await hub.whoIs(session.token).catch((error: unknown) => {
      if (error instanceof PortwrapError && error.code === 'PAGE_REFUSED') sessions.end(session.id);
      throw error;
    });
    if (person !== null) return sessions.confirm(session, { person, hubSession });
    sessions.end(session.id);
    return undefined;
  }

  return {
    confirmed,
    async guard(request, response, next) {
      const session = await current(request);
      if (session !== undefined) {
        // before the handlers get the session: the error page must not contain the token either
        if (!isOpened(request) && !isFormToken(request.get(formTokenHeader), session)) {
          throw new PortwrapError(
            'FETCH_REFUSED',
            'scripts and frames of other pages may not load this page',
          );
        }
        response.locals.session = session;
        return next();
      }
      if (request.method !== 'GET' || !isOpened(request))
        throw new PortwrapError('SIGNED_OUT', 'you are signed out');
      const { url, ...challenge } = await hub.begin(callbackOf(request));
      pending.begin(request, response, { ...challenge, target: request.originalUrl });
      response.redirect(302, url);
    },
    async callback(request, response) {
      const { searchParams: query } = new URL(request.originalUrl, 'http://page');
      const signIn = pending.take(request, response, query.get('state'));
      if (signIn === null) {
        throw new PortwrapError('SIGN_IN_EXPIRED', 'this sign-in has expired, or began in another browser');
      }
      const token = await hub.complete(query, signIn, callbackOf(request));
      const person = await hub.whoIs(token);
      if (person === null) throw new PortwrapError('SIGN_IN_FAILED', 'the hub does not know its own token');
      const hubSession = hubSessionOf(request);
      const session = sessions.begin({ person, token, hubSession });
      signed('sign-in', session);
      setCookie(request, response, { ...sessionCookie, value: session.id, seconds: null });
      setCookie(request, response, { ...browserCookie(request), value: session.browser, seconds: null });
      response.redirect(302, signIn.target.startsWith(prefix) ? signIn.target : prefix);
    },
    signOut(request, response) {
      signed('sign-out', sessionOf(response));
      sessions.end(sessionOf(response).id);
      clearCookie(request, response, sessionCookie);
      clearCookie(request, response, browserCookie(request));
      response.redirect(303, logoutUrl);
    },
  };
}

/** The hub's cookie as the browser sends it: only compared with the previous value, never trusted. */
export function hubSessionOf(request: CookieReader): string | undefined {
  return cookieValues(request, hubSessionCookie).join(' ') || undefined;
}

/** The session that the guard has found. */
export function sessionOf(response: Response): Session {
  return response.locals.session as Session;
}

/** Whether the browser opens this as a page; otherwise a script or a frame fetches it. Old browsers do not say. */
function isOpened(request: Request): boolean {
  const destination = request.get('sec-fetch-dest');
  return destination === undefined || destination === 'document';
}
