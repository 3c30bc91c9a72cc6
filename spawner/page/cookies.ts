// The page's cookies: for the page's own path, out of reach of scripts and of requests that other sites make.
// Not here: what is in them.
import type { Request, Response } from 'express';

/** The value of the request's cookie of that name. */
export function readCookie(request: Request, name: string): string | undefined {
  for (const pair of (request.get('cookie') ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=');
    if (key === name) return value.join('=').replace(/^"(.*)"$/, '$1');
  }
  return undefined;
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
