// One connection to an upstream: parses responses for its current user, one at a time.
// Not here: opening and pooling it (pool.ts), handling responses (engines/relay/exchange.ts, engines/relay/upgrade.ts).
import type { Socket } from 'node:net';
import { ResponseParser, type ResponseSink } from '../http1/response-parser.ts';
import type { Dialed } from './dial.ts';
import type { Reader } from './reader.ts';

export interface ConnectionUser extends ResponseSink {
  /** The write buffer is empty: writing may continue. */
  onDrain(): void;
  /** The response is complete. A connection with leftover bytes must not be reused. */
  onDone(leftover: Buffer | undefined): void;
  /** The connection closed before the response was complete. */
  onLost(reason: Error, untouched: boolean): void;
}

export class UpstreamConnection {
  readonly socket: Socket;
  readonly reader: Reader;
  /** Number of requests sent on it. */
  served = 0;
  /** When it became idle, in milliseconds, and for how long it may stay idle. */
  idleSince = 0;
  idleLimit = Number.POSITIVE_INFINITY;
  readonly #onClose: (connection: UpstreamConnection) => void;
  #user: ConnectionUser | undefined;
  #parser: ResponseParser | undefined;
  #error: Error | undefined;

  constructor({ socket, reader }: Dialed, onClose: (connection: UpstreamConnection) => void) {
    this.socket = socket;
    this.reader = reader;
    this.#onClose = onClose;
    reader.receive = this.#onData;
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('timeout', this.#onTimeout);
    socket.on('close', this.#onClosed);
  }

  get usable(): boolean {
    return this.socket.writable && this.socket.readable && this.#user === undefined;
  }

  /** Makes `user` the receiver of the next response. */
  begin(user: ConnectionUser, method: string, timeout: number | undefined, upgrade = false): void {
    this.served++;
    this.#user = user;
    this.#parser = new ResponseParser(user, method, upgrade);
    if (timeout !== undefined) this.socket.setTimeout(timeout);
  }

  /** The response is no longer needed: destroys the connection. */
  abandon(): void {
    this.#user = undefined;
    this.socket.destroy();
  }

  /** Removes our listeners: the caller handles the socket and its reader from now on. */
  detach(): void {
    this.#user = undefined;
    this.socket.setTimeout(0);
    this.socket.off('end', this.#onEnd);
    this.socket.off('drain', this.#onDrain);
    this.socket.off('timeout', this.#onTimeout);
  }

  #onData = (chunk: Buffer): void => {
    const parser = this.#parser;
    // A response without a request: a later request must not get it.
    if (parser === undefined || this.#user === undefined) {
      this.socket.destroy();
      return;
    }
    try {
      parser.execute(chunk);
    } catch (error) {
      this.#lose(error);
      return;
    }
    if (parser.complete) this.#done(parser);
  };

  #onEnd = (): void => {
    const parser = this.#parser;
    if (parser === undefined || this.#user === undefined) {
      this.socket.destroy();
      return;
    }
    try {
      parser.finish();
    } catch (error) {
      this.#lose(error);
      return;
    }
    this.#done(parser);
  };

  #onDrain = (): void => this.#user?.onDrain();

  #onError = (error: Error): void => {
    this.#error = error;
  };

  #onTimeout = (): void => {
    // A paused socket is idle because the client is slow, not the upstream.
    if (this.#user !== undefined && !this.socket.isPaused()) this.#lose(new Error('the upstream timed out'));
  };

  #onClosed = (): void => {
    this.#onClose(this);
    this.#lose(this.#error ?? new Error('the upstream closed the connection'));
  };

  #done(parser: ResponseParser): void {
    const user = this.#user;
    this.#user = undefined;
    this.#parser = undefined;
    if (this.socket.timeout) this.socket.setTimeout(0);
    user?.onDone(parser.leftover);
  }

  #lose(reason: unknown): void {
    const user = this.#user;
    const untouched = this.#parser?.untouched ?? true;
    this.#user = undefined;
    this.#parser = undefined;
    this.socket.destroy();
    user?.onLost(reason instanceof Error ? reason : new Error(String(reason)), untouched);
  }
}
