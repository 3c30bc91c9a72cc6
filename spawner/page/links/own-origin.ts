// Refuses requests that pages of other origins make with a person's cookies: browsers send those cookies along from
// other hosts of the same site, and with every WebSocket. Not here: cookies (access.ts).
import type { IncomingMessage } from 'node:http';
import { PortwrapError } from '../../../config/errors.ts';

/**
 * Throws FETCH_REFUSED. A link on another page may be followed: that is a GET which opens a page. `own`: the origin of the
 * port; null: it is on the host that the request names.
 */
export function refuseOtherOrigins(
  { method, headers }: IncomingMessage,
  isUpgrade: boolean,
  own: string | null,
): void {
  const { origin, host } = headers;
  if (origin !== undefined && !isSame(origin, own, host)) throw refused();
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  const isFollowed =
    !isUpgrade &&
    (method === 'GET' || method === 'HEAD') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document';
  if (!isFollowed) throw refused();
}

function isSame(origin: string, own: string | null, host: string | undefined): boolean {
  return own === null ? URL.canParse(origin) && new URL(origin).host === host : origin === own;
}

function refused(): PortwrapError {
  return new PortwrapError('FETCH_REFUSED', 'pages of other origins may not use this port');
}
