// Lets everybody in who stands at the door before anybody is served. Node accepts one connection in a turn of its
// event loop: when hundreds come at once, and those who are in keep every turn busy, the last ones wait for
// seconds. A turn that does nothing but accept takes microseconds.
// Not here: listening (listen/listen.ts), serving (requests.ts, upgrades.ts).
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export class Arrivals {
  #waiting: { readonly client: Socket; readonly serve: () => void }[] = [];
  /** Somebody came in this turn. */
  #came = false;
  /** When the first of them came; undefined while nobody comes. */
  #since: number | undefined;
  /** Those who come before that have to come in between the others. */
  #restUntil = 0;

  /** Watches the connections that `server` accepts. */
  constructor(server: Server) {
    server.on('connection', this.#onConnection);
  }

  /** Calls `serve`: at once, or when nobody is coming in any more, in the order of the calls. Not at all for a
   * client that has left by then. */
  serve(client: Socket, serve: () => void): void {
    if (this.#since === undefined) serve();
    else this.#waiting.push({ client, serve });
  }

  #onConnection = (): void => {
    this.#came = true;
    if (this.#since !== undefined) return;
    const now = performance.now();
    if (now < this.#restUntil) return;
    this.#since = now;
    setImmediate(this.#onTurn);
  };

  #onTurn = (): void => {
    const now = performance.now();
    const late = now - (this.#since ?? now) >= longestWait;
    if (this.#came && !late) {
      this.#came = false;
      setImmediate(this.#onTurn);
      return;
    }
    // Whoever only connects, again and again, must not keep the others from being served.
    if (late) this.#restUntil = now + rest;
    this.#came = false;
    this.#since = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { client, serve } of waiting) if (!client.destroyed) serve();
  };
}

/** Milliseconds; hundreds come in meanwhile. */
const longestWait = 25;
/** Milliseconds. So nobody who connects all the time makes others wait for more than a fifth of theirs. */
const rest = 100;
