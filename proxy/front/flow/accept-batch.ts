// Accepts every pending connection before serving any request. Node accepts one connection per event-loop turn: when
// hundreds arrive at once and the accepted ones keep every turn busy, the last ones wait for seconds. A turn that only
// accepts takes microseconds.
// Not here: listening (listen/listen.ts), serving (requests.ts, upgrades.ts).
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface AcceptBatch {
  /** Calls `serve` at once, or, while connections are being accepted, afterwards and in order. Never for a client that
   * has disconnected by then. */
  serve(client: Socket, serve: () => void): void;
}

/** Watches the connections that `server` accepts. */
export function createAcceptBatch(server: Server): AcceptBatch {
  let waiting: { readonly client: Socket; readonly serve: () => void }[] = [];
  /** A connection was accepted in this event-loop turn. */
  let came = false;
  /** When the first connection of the batch was accepted; undefined outside a batch. */
  let since: number | undefined;
  /** No batch starts before this time: connections are then accepted between requests. */
  let restUntil = 0;

  const onTurn = (): void => {
    const now = performance.now();
    const late = now - (since ?? now) >= longestWait;
    if (came && !late) {
      came = false;
      setImmediate(onTurn);
      return;
    }
    // A client that only keeps connecting must not stop the others from being served.
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

/** Milliseconds; enough to accept hundreds of connections. */
const longestWait = 25;
/** Milliseconds. A constant stream of connections thus delays the others by at most a fifth. */
const rest = 100;
