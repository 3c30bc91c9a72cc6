// The connections to one target: a few kept for later, and few being opened at the same time, because
// slirp4netns queues only one that it has not accepted yet (a further one waits a second for its second SYN).
// Not here: which targets there are (pools.ts), what a connection does (connection.ts).
import { UpstreamConnection } from './connection.ts';
import type { Dialed } from './dial.ts';

/** Someone who needs a connection. Exactly one of the calls comes, at most once. */
export interface Waiter {
  /** Only one that has carried nothing yet will do. */
  readonly fresh: boolean;
  /** One that lay aside longer, in milliseconds, will not do: the upstream may be closing it just now. */
  readonly maxIdle: number;
  onConnection(connection: UpstreamConnection): void;
  onUnreachable(reason: Error): void;
}

export type Dial = (opened: (result: Dialed | Error) => void) => () => void;

export class TargetPool {
  readonly #dial: Dial;
  readonly #clock: () => number;
  readonly #onEmpty: () => void;
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting = new Set<Waiter>();
  readonly #all = new Set<UpstreamConnection>();
  readonly #attempts = new Set<() => void>();
  /** Attempts that still hold up the next one. */
  #blocking = 0;
  #closed = false;

  constructor(dial: Dial, clock: () => number, onEmpty: () => void) {
    this.#dial = dial;
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  get opening(): number {
    return this.#attempts.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get open(): number {
    return this.#all.size;
  }

  /** Serves `waiter` at once if a connection lies ready, else as soon as there is one. */
  acquire(waiter: Waiter): void {
    if (this.#closed) {
      waiter.onUnreachable(unrouted());
      return;
    }
    const ready = waiter.fresh ? undefined : this.#takeIdle(waiter.maxIdle);
    if (ready !== undefined) {
      waiter.onConnection(ready);
      return;
    }
    this.#waiting.add(waiter);
    this.#openNext();
  }

  cancel(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    this.#checkEmpty();
  }

  /** Takes back a connection whose answer is complete. */
  release(connection: UpstreamConnection, keepSeconds: number | undefined): void {
    if (this.#closed || !connection.usable) {
      connection.socket.destroy();
      return;
    }
    connection.socket.resume();
    for (const waiter of this.#waiting) {
      if (waiter.fresh) continue;
      this.#waiting.delete(waiter);
      waiter.onConnection(connection);
      return;
    }
    connection.idleSince = this.#clock();
    connection.idleLimit = Math.min(
      maxIdleTime,
      keepSeconds === undefined ? maxIdleTime : keepSeconds * 1000 - 1000,
    );
    if (connection.idleLimit <= 0) connection.socket.destroy();
    else this.#idle.push(connection);
  }

  /** Ends the idle connections that are past their time, and those above maxIdle that few clients need. */
  sweep(): void {
    const now = this.#clock();
    // The longest unused come first.
    let surplus = this.#idle.length - maxIdle;
    for (const connection of [...this.#idle]) {
      const unused = now - connection.idleSince;
      if (unused >= connection.idleLimit || (surplus-- > 0 && unused >= surplusTime))
        connection.socket.destroy();
    }
  }

  /**
   * Ends the idle connections; those in use go when they are done. No request is begun any more, nor sent again: the
   * port may be another program's now.
   */
  retire(): void {
    this.#closed = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const giveUp of [...this.#attempts]) giveUp();
    for (const waiter of waiting) waiter.onUnreachable(unrouted());
    for (const connection of [...this.#idle]) connection.socket.destroy();
    this.#checkEmpty();
  }

  /** Ends everything at once. */
  close(): void {
    this.#closed = true;
    for (const giveUp of [...this.#attempts]) giveUp();
    for (const connection of [...this.#all]) connection.socket.destroy();
  }

  #takeIdle(maxAge: number): UpstreamConnection | undefined {
    const now = this.#clock();
    for (let at = this.#idle.length - 1; at >= 0; at--) {
      const connection = this.#idle[at];
      if (connection === undefined || now - connection.idleSince > maxAge) return undefined;
      this.#idle.pop();
      if (connection.usable && now - connection.idleSince < connection.idleLimit) return connection;
      connection.socket.destroy();
    }
    return undefined;
  }

  #openNext(): void {
    if (this.#closed) return;
    while (this.#blocking < maxOpening && this.#attempts.size < this.#waiting.size) this.#openOne();
  }

  #openOne(): void {
    let blocking = true;
    this.#blocking++;
    const unblock = (): void => {
      if (!blocking) return;
      blocking = false;
      this.#blocking--;
    };
    const patience = setTimeout(() => {
      unblock();
      this.#openNext();
    }, openingPatience);
    const giveUp = this.#dial((result) => {
      clearTimeout(patience);
      unblock();
      this.#attempts.delete(giveUp);
      if (result instanceof Error) this.#failed(result);
      else this.#opened(result);
    });
    this.#attempts.add(giveUp);
  }

  #opened(dialed: Dialed): void {
    const connection = new UpstreamConnection(dialed, this.#onConnectionClosed);
    this.#all.add(connection);
    const next = this.#waiting.values().next();
    if (!next.done) {
      this.#waiting.delete(next.value);
      next.value.onConnection(connection);
    } else {
      this.release(connection, undefined);
    }
    this.#openNext();
  }

  /** All who wait now wanted the same target: none of them would fare better. */
  #failed(reason: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.onUnreachable(reason);
    this.#openNext();
    this.#checkEmpty();
  }

  #onConnectionClosed = (connection: UpstreamConnection): void => {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#checkEmpty();
  };

  #checkEmpty(): void {
    if (this.#all.size === 0 && this.#waiting.size === 0 && this.#attempts.size === 0) this.#onEmpty();
  }
}

function unrouted(): Error {
  return new Error('the route was removed');
}

/** Connections kept for one target. More than that were all in use a moment ago, and may be again in the next:
 * they are kept while they are needed now and then. */
const maxIdle = 256;

/** Milliseconds after which an idle connection above maxIdle goes. */
const surplusTime = 2000;

/** Milliseconds that a connection is kept without use. */
const maxIdleTime = 55_000;

/** Connections being opened to one target at the same time. */
const maxOpening = 1;

/** Milliseconds after which an attempt that has not succeeded no longer holds up the next one. */
const openingPatience = 200;
