// Pending sign-ins. Each is stored in a signed cookie of the browser that began it, so that several tabs can sign in
// concurrently, and unauthenticated clients use no memory here. Not here: the OAuth flow (hub-identity.ts).
import { randomBytes } from 'node:crypto';
import { sign, unsign } from 'cookie-signature';
import type { Request, Response } from 'express';
import { clearCookie, hostCookie, readCookie, setCookie } from './cookies.ts';
import type { Challenge } from './hub-identity.ts';

export interface PendingSignIn extends Challenge {
  /** The path to open after the sign-in. */
  readonly target: string;
}

export interface PendingSignIns {
  begin(request: Request, response: Response, signIn: PendingSignIn): void;
  /** The sign-in with that state, once; null when this browser did not begin it, or when it has expired. */
  take(request: Request, response: Response, state: string | null): PendingSignIn | null;
}

/** Seconds that the login at the hub may take. */
const mayTake = 600;

/** `prefix`: the page's path, with "/" at both ends; `now` as in createSessions(). */
export function createPendingSignIns(prefix: string, now: () => number): PendingSignIns {
  const key = randomBytes(32);
  const cookieOf = (request: Request, state: string) =>
    hostCookie(request, { name: `portwrap-sign-in-${state.slice(0, 8)}`, path: prefix });
  return {
    begin(request, response, signIn) {
      const until = now() + mayTake * 1000;
      const text = Buffer.from(JSON.stringify({ ...signIn, until })).toString('base64url');
      const cookie = cookieOf(request, signIn.state);
      setCookie(request, response, { ...cookie, value: sign(text, key), seconds: mayTake });
    },
    take(request, response, state) {
      if (state === null || !/^[\w-]{8,64}$/.test(state)) return null;
      const cookie = cookieOf(request, state);
      const text = unsign(readCookie(request, cookie.name) ?? '', key);
      clearCookie(request, response, cookie);
      if (text === false) return null;
      const { until, ...signIn } = parsed(text);
      return signIn.state === state && until >= now() ? signIn : null;
    },
  };
}

/** Not validated: the signature proves that we have written it. */
function parsed(text: string): PendingSignIn & { until: number } {
  return JSON.parse(Buffer.from(text, 'base64url').toString());
}
