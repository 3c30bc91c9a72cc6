// The page's cookies: limited to the page, inaccessible to scripts and to requests from other sites.
// Not here: their values (sessions.ts, pending-sign-ins.ts).
import type { CookieOptions, Request, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';

export interface Cookie {
  readonly name: string;
  readonly path: string;
}

/** What is needed of a request to read its cookies. */
export type CookieReader = Pick<Request, 'secure'> & { get(name: 'cookie'): string | undefined };

/**
 * With https, the cookie under a name that another host of the same site cannot set: browsers accept the prefix only
 * from the host itself, and only for the path "/" (RFC 6265bis, 4.1.3.2). They then also send it to users' servers on
 * this host, so its value alone must not grant access.
 */
export function hostCookie(request: Pick<CookieReader, 'secure'>, { name, path }: Cookie): Cookie {
  return request.secure ? { name: `__Host-${name}`, path: '/' } : { name, path };
}

/**
 * The value of the page's own cookie of that name. Throws COOKIE_AMBIGUOUS if the browser sends two: a server on
 * another host of the same site has set one of them, and they are indistinguishable (RFC 6265, 8.6).
 */
export function readCookie(request: CookieReader, name: string): string | undefined {
  const [value, other] = cookieValues(request, name);
  if (other === undefined) return value;
  throw new PortwrapError('COOKIE_AMBIGUOUS', `this browser sends two different cookies ${name}`);
}

/**
 * Every distinct value of the cookie in the request, in a stable order. Own code, since express's usual parsers
 * (cookie, cookies) return the first value and drop the others.
 */
export function cookieValues(request: CookieReader, name: string): readonly string[] {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => withoutSpaces(pair).split('='));
  const values = pairs.filter(([key]) => key === name).map(([, ...value]) => value.join('='));
  return [...new Set(values.map((value) => value.replace(/^"(.*)"$/, '$1')))].sort();
}

/** `seconds`: its lifetime; null: until the browser is closed. */
export function setCookie(
  request: Request,
  response: Response,
  { name, path, value, seconds }: Cookie & { value: string; seconds: number | null },
): void {
  const lasts = seconds === null ? {} : { maxAge: seconds * 1000 };
  response.cookie(name, value, { ...attributes(request, path), ...lasts });
}

/** The same as a Set-Cookie field, for responses that are not express's. 0 seconds remove it. */
export function cookieField(
  { secure }: Pick<CookieReader, 'secure'>,
  { name, path, value, seconds }: Cookie & { value: string; seconds: number | null },
): string {
  const lasts = seconds === null ? [] : [`Max-Age=${seconds}`];
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...lasts,
    'HttpOnly',
    'SameSite=Lax',
    ...(secure ? ['Secure'] : []),
  ].join('; ');
}

export function clearCookie(request: Request, response: Response, { name, path }: Cookie): void {
  response.clearCookie(name, attributes(request, path));
}

function attributes(request: Request, path: string): CookieOptions {
  // Lax, since the redirect after the hub's login may come from another site
  return { path, httpOnly: true, sameSite: 'lax', secure: request.secure, encode: String };
}

/** Not trim(): it would drop bytes that distinguish a name set by another host from ours. */
function withoutSpaces(pair: string): string {
  return pair.replace(/^[ \t]+|[ \t]+$/g, '');
}
