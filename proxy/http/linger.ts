// Lingering close: after an early response, reads the rest of the request for a while, so that the client receives
// the response (closing at once would reset the connection), then closes.
// Not here: the response.
import type { IncomingMessage } from 'node:http';

export function linger(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  const deadline = setTimeout(() => req.destroy(), lingerTime);
  const done = (): void => clearTimeout(deadline);
  req.once('end', done);
  req.once('close', done);
  req.on('error', done);
  req.resume();
}

/** Milliseconds; nginx's lingering_time. */
const lingerTime = 30_000;
