// The page's cookies: for the page alone, out of reach of scripts and of requests that other sites make.
// Not here: what is in them.
import type { CookieOptions, Request, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';

export interface Cookie {
  readonly name: string;
  readonly path: string;
}

/**
 * The cookie under a name that another host of the same site cannot set, where the browser uses https: browsers accept
 * the prefix only from the host itself, and only for the path "/" (RFC 6265bis, 4.1.3.2). They then send it to users'
 * servers on this host too, so its value must open nothing by itself.
 */
export function hostCookie(request: Request, { name, path }: Cookie): Cookie {
  return request.secure ? { name: `__Host-${name}`, path: '/' } : { name, path };
}

/**
 * The value of the page's own cookie of that name; COOKIE_AMBIGUOUS if the browser sends two. Ours is one: the other
 * was set by a server on another host of the same site, and nothing tells which is which (RFC 6265, 8.6).
 */
export function readCookie(request: Request, name: string): string | undefined {
  const [value, other] = cookieValues(request, name);
  if (other === undefined) return value;
  throw new PortwrapError('COOKIE_AMBIGUOUS', `this browser sends two different cookies ${name}`);
}

/**
 * Every different value that the request has for the cookie, in a stable order. Own code, since the parsers of
 * express's world (cookie, cookies) return the first value and drop the others.
 */
export function cookieValues(request: Request, name: string): readonly string[] {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => withoutSpaces(pair).split('='));
  const values = pairs.filter(([key]) => key === name).map(([, ...value]) => value.join('='));
  return [...new Set(values.map((value) => value.replace(/^"(.*)"$/, '$1')))].sort();
}

/** `seconds`: how long it lasts; null: until the browser is closed. */
export function setCookie(
  request: Request,
  response: Response,
  { name, path, value, seconds }: Cookie & { value: string; seconds: number | null },
): void {
  const lasts = seconds === null ? {} : { maxAge: seconds * 1000 };
  response.cookie(name, value, { ...attributes(request, path), ...lasts });
}

export function clearCookie(request: Request, response: Response, { name, path }: Cookie): void {
  response.clearCookie(name, attributes(request, path));
}

function attributes(request: Request, path: string): CookieOptions {
  // Lax, since the way back from the hub's login may begin on another site
  return { path, httpOnly: true, sameSite: 'lax', secure: request.secure, encode: String };
}

/** Not trim(): that drops bytes with which a name only looks like ours, so that browsers let another host set it. */
function withoutSpaces(pair: string): string {
  return pair.replace(/^[ \t]+|[ \t]+$/g, '');
}
