// Signing in with the hub, and the guard before every page: a session, asked after at the hub every few minutes and
// whenever the hub's own session is another one. Not here: the hub's answers (hub-identity.ts).
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import { cookieValues, readCookie, setCookie } from './cookies.ts';
import { formTokenHeader, isFormToken } from './form-token.ts';
import type { HubIdentity } from './hub-identity.ts';
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
/** Seconds that a person has for the hub's login page. */
const mayTake = 600;
const sessionCookie = 'portwrap-page';
const hubSessionCookie = 'jupyterhub-session-id';

export function createSignIn(input: SignInInput): SignIn {
  const { hub, sessions, prefix, logoutUrl, callbackOf, now = Date.now } = input;
  const states = createStates(prefix, now);

  /** The session, if the hub still stands by it. */
  async function current(request: Request): Promise<Session | undefined> {
    const session = sessions.find(readCookie(request, sessionCookie) ?? '');
    if (session === undefined) return undefined;
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
          throw new PortwrapError('FETCH_REFUSED', 'this page is not for scripts or frames of other pages');
        }
        response.locals.session = session;
        return next();
      }
      if (request.method !== 'GET' || !isOpened(request))
        throw new PortwrapError('SIGNED_OUT', 'you are signed out');
      response.redirect(302, hub.authorizeUrl(states.issue(request, response), callbackOf(request)));
    },
    async callback(request, response) {
      const { code, state, error } = request.query;
      const target = states.redeem(request, response, state);
      if (target === null) {
        throw new PortwrapError('SIGN_IN_EXPIRED', 'this sign-in has expired, or began in another browser');
      }
      if (typeof code !== 'string') {
        const reason = typeof error === 'string' ? ` (${error.slice(0, 80)})` : '';
        throw new PortwrapError('SIGN_IN_FAILED', `the hub refused the sign-in${reason}`);
      }
      const token = await hub.exchange(code, callbackOf(request));
      const person = await hub.whoIs(token);
      if (person === null) throw new PortwrapError('SIGN_IN_FAILED', 'the hub does not know its own token');
      const hubSession = hubSessionOf(request);
      const session = sessions.begin({ person, token, hubSession });
      setCookie(request, response, { name: sessionCookie, value: session.id, path: prefix, seconds: null });
      response.redirect(302, target);
    },
    signOut(request, response) {
      sessions.end(sessionOf(response).id);
      setCookie(request, response, { name: sessionCookie, value: '', path: prefix, seconds: 0 });
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

/** One cookie for each sign-in that is under way, so that several tabs may do it at once. */
function createStates(prefix: string, now: () => number) {
  const key = randomBytes(32);
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  const cookieOf = (state: string) => `portwrap-sign-in-${state.slice(0, 8)}`;
  return {
    issue(request: Request, response: Response): string {
      const state = randomBytes(16).toString('hex');
      const target = Buffer.from(request.originalUrl).toString('base64url');
      const text = `${state}.${now() + mayTake * 1000}.${target}`;
      const value = `${text}.${sign(text)}`;
      setCookie(request, response, { name: cookieOf(state), value, path: prefix, seconds: mayTake });
      return state;
    },
    /** Where the person wanted to go; null when the state is not one that this browser was given. */
    redeem(request: Request, response: Response, state: unknown): string | null {
      if (typeof state !== 'string' || !/^[0-9a-f]{32}$/.test(state)) return null;
      const name = cookieOf(state);
      const value = readCookie(request, name) ?? '';
      setCookie(request, response, { name, value: '', path: prefix, seconds: 0 });
      const [given = '', until = '', target = '', signature = ''] = value.split('.');
      const expected = Buffer.from(sign(`${given}.${until}.${target}`));
      const actual = Buffer.from(signature);
      if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return null;
      if (given !== state || Number(until) < now()) return null;
      const path = Buffer.from(target, 'base64url').toString();
      return path.startsWith(prefix) ? path : prefix;
    },
  };
}
