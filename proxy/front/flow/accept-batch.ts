// Lets everybody in who stands at the door before anybody is served. Node accepts one connection in a turn of its
// event loop: when hundreds come at once, and those who are in keep every turn busy, the last ones wait for
// seconds. A turn that does nothing but accept takes microseconds.
// Not here: listening (listen/listen.ts), serving (requests.ts, upgrades.ts).
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Arrivals {
  /** Calls `serve`: at once, or when no connection is being accepted any more, in the order of the calls. Not at all
   * for a client that has left by then. */
  serve(client: Socket, serve: () => void): void;
}

/** Watches the connections that `server` accepts. */
export function watchArrivals(server: Server): Arrivals {
  let waiting: { readonly client: Socket; readonly serve: () => void }[] = [];
  /** A connection was accepted in this turn. */
  let came = false;
  /** When the first of them was accepted; undefined while none is. */
  let since: number | undefined;
  /** Connections that are accepted before that have to do so between requests. */
  let restUntil = 0;

  const onTurn = (): void => {
    const now = performance.now();
    const late = now - (since ?? now) >= longestWait;
    if (came && !late) {
      came = false;
      setImmediate(onTurn);
      return;
    }
    // Whoever only connects, again and again, must not keep the others from being served.
    if (late) restUntil = now + rest;
    came = false;
    since = undefined;
    const served = waiting;
    waiting = [];
    for (const { client, serve } of served) if (!client.destroyed) serve();
  };
  server.on('connection', () => {
    came = true;
    if (since !== undefined) return;
    const now = performance.now();
    if (now < restUntil) return;
    since = now;
    setImmediate(onTurn);
  });
  return {
    serve: (client, serve) => {
      if (since === undefined) serve();
      else waiting.push({ client, serve });
    },
  };
}

/** Milliseconds; hundreds come in meanwhile. */
const longestWait = 25;
/** Milliseconds. So nobody who connects all the time makes others wait for more than a fifth of theirs. */
const rest = 100;
