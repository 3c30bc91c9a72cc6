// The connections to one target: keeps idle ones for reuse, and opens few at the same time, because slirp4netns queues
// only one unaccepted connection (another one waits a second for its second SYN).
// Not here: the set of targets (pools.ts), one connection (connection.ts).
import { UpstreamConnection } from './connection.ts';
import type { Dialed } from './dial.ts';

/** A request for a connection. Exactly one of the callbacks is called, at most once. */
export interface Waiter {
  /** Requires a connection that carried no request yet. */
  readonly fresh: boolean;
  /** Longest acceptable idle time in milliseconds: after that the upstream may be closing the connection. */
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
  /** Attempts that still delay the next one. */
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

  /** Gives `waiter` an idle connection at once if there is one, otherwise the next one that becomes available. */
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

  /** Returns a connection whose response is complete. */
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

  /** Closes idle connections whose time is over, and those above maxIdle that are rarely needed. */
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
   * Closes the idle connections; those in use are closed after their response. No request is sent any more, not even
   * again: another program may have the port now.
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

  /** Closes everything at once. */
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

  /** All waiters want the same target: a failed attempt fails all of them. */
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

/** Idle connections kept for one target. A burst may leave more: those are kept for surplusTime after their last use. */
const maxIdle = 256;

/** Milliseconds after which an idle connection above maxIdle is closed. */
const surplusTime = 2000;

/** Milliseconds after which an idle connection is closed. */
const maxIdleTime = 55_000;

/** Connections being opened to one target at the same time. */
const maxOpening = 1;

/** Milliseconds after which a pending attempt no longer delays the next one. */
const openingPatience = 200;
