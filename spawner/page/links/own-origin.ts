// Refuses requests that pages of other origins make with a person's cookies: browsers send those cookies along from
// other hosts of the same site, and with every WebSocket. Not here: cookies (access.ts).
import type { IncomingMessage } from 'node:http';
import { PortwrapError } from '../../../config/errors.ts';

/** Throws FETCH_REFUSED. A link on another page may be followed: that is a GET which opens a page. */
export function refuseOtherOrigins({ method, headers }: IncomingMessage, isUpgrade: boolean): void {
  const { origin, host } = headers;
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)) throw refused();
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  const isFollowed =
    !isUpgrade &&
    (method === 'GET' || method === 'HEAD') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document';
  if (!isFollowed) throw refused();
}

function refused(): PortwrapError {
  return new PortwrapError('FETCH_REFUSED', 'pages of other origins may not use this port');
}
