// What to do with the rest of a request that was answered early: read it for a while, so that the client
// gets to see the answer (closing at once would reset the connection under it), then close.
// Not here: the answer.
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

/** Milliseconds; as long as nginx's lingering_time. */
const lingerTime = 30_000;
