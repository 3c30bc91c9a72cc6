// Signing in with the hub, and the guard before every page: a session, asked after at the hub every few minutes and
// whenever the hub's own session is another one. Not here: the hub's answers (hub-identity.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import { clearCookie, cookieValues, hostCookie, readCookie, setCookie } from './cookies.ts';
import { formTokenHeader, isFormToken } from './form-token.ts';
import type { HubIdentity } from './hub-identity.ts';
import { createPendingSignIns } from './pending-sign-ins.ts';
import { isSecret } from './secrets.ts';
import type { Session, Sessions } from './sessions.ts';

export interface SignIn {
  /**
   * Lets through who is signed in and opens a page, or whose page's script fetches; others get FETCH_REFUSED. Who is not
   * signed in is sent to the hub, or answered SIGNED_OUT where no page is opened.
   */
  readonly guard: RequestHandler;
  /** Where the hub sends the browser back to. */
  readonly callback: RequestHandler;
  /** Ends the session; the hub's own goes on until its logout, where the browser is sent. */
  readonly signOut: RequestHandler;
}

export interface SignInInput {
  readonly hub: HubIdentity;
  readonly sessions: Sessions;
  /** The page's path, with "/" at both ends. */
  readonly prefix: string;
  readonly logoutUrl: string;
  /** The address where the hub sends a browser back to, for the request of that browser. */
  readonly callbackOf: (request: Request) => string;
  readonly now?: () => number;
}

/** Milliseconds that an answer of the hub counts. */
const trustFor = 300_000;
const hubSessionCookie = 'jupyterhub-session-id';

export function createSignIn(input: SignInInput): SignIn {
  const { hub, sessions, prefix, logoutUrl, callbackOf, now = () => performance.now() } = input;
  const pending = createPendingSignIns(prefix, now);
  const sessionCookie = { name: 'portwrap-page', path: prefix };
  const browserCookie = (request: Request) => hostCookie(request, { name: 'portwrap-browser', path: prefix });

  /** The session, if the hub still stands by it. */
  async function current(request: Request): Promise<Session | undefined> {
    const session = sessions.find(readCookie(request, sessionCookie.name) ?? '');
    if (session === undefined) return undefined;
    // a session's cookie alone may have been set by another host of the site, to have people use a stranger's session
    if (!isSecret(readCookie(request, browserCookie(request).name), session.browser)) return undefined;
    const hubSession = hubSessionOf(request);
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
    async guard(request, response, next) {
      const session = await current(request);
      if (session !== undefined) {
        // before the session is told to anybody: the page with the refusal must not hold the token either
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
      setCookie(request, response, { ...sessionCookie, value: session.id, seconds: null });
      setCookie(request, response, { ...browserCookie(request), value: session.browser, seconds: null });
      response.redirect(302, signIn.target.startsWith(prefix) ? signIn.target : prefix);
    },
    signOut(request, response) {
      sessions.end(sessionOf(response).id);
      clearCookie(request, response, sessionCookie);
      clearCookie(request, response, browserCookie(request));
      response.redirect(303, logoutUrl);
    },
  };
}

/** Whatever the browser sends as the hub's cookie: it is compared with what was sent before, and trusted for nothing. */
function hubSessionOf(request: Request): string | undefined {
  return cookieValues(request, hubSessionCookie).join(' ') || undefined;
}

/** Who the guard has let through. */
export function sessionOf(response: Response): Session {
  return response.locals.session as Session;
}

/** Does the browser open this as a page of its own? Otherwise a script fetches it, or a frame; old ones do not say. */
function isOpened(request: Request): boolean {
  const destination = request.get('sec-fetch-dest');
  return destination === undefined || destination === 'document';
}
