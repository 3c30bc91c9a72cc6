// The page's cookies: for the page's own path, out of reach of scripts and of requests that other sites make.
// Not here: what is in them.
import type { Request, Response } from 'express';
import { PortwrapError } from '../../../config/errors.ts';

/**
 * The value of the page's own cookie of that name; COOKIE_AMBIGUOUS if the browser sends two. Ours is one: the other
 * was set by a server on another host of the same site, and nothing tells which is which (RFC 6265, 8.6).
 */
export function readCookie(request: Request, name: string): string | undefined {
  const [value, other] = cookieValues(request, name);
  if (other === undefined) return value;
  throw new PortwrapError('COOKIE_AMBIGUOUS', `this browser sends two different cookies ${name}`);
}

/** Every different value that the request has for the cookie, in a stable order. */
export function cookieValues(request: Request, name: string): readonly string[] {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('='));
  const values = pairs.filter(([key]) => key === name).map(([, ...value]) => value.join('='));
  return [...new Set(values.map((value) => value.replace(/^"(.*)"$/, '$1')))].sort();
}

/** `seconds`: how long it lasts; null: until the browser ends; 0 removes it. */
export function setCookie(
  request: Request,
  response: Response,
  cookie: { name: string; value: string; path: string; seconds: number | null },
): void {
  const { name, value, path, seconds } = cookie;
  response.append(
    'set-cookie',
    [
      `${name}=${value}`,
      `Path=${path}`,
      'HttpOnly',
      // Lax, since the way back from the hub's login may begin on another site
      'SameSite=Lax',
      ...(isHttps(request) ? ['Secure'] : []),
      ...(seconds === null ? [] : [`Max-Age=${seconds}`]),
    ].join('; '),
  );
}

/** Whether the browser's side is https is known to the proxies only: the first one is nearest to it. */
export function isHttps(request: Request): boolean {
  return (request.get('x-forwarded-proto') ?? '').split(',')[0]?.trim() === 'https';
}
