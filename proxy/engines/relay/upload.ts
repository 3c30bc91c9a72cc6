// Streams the body of a request to the upstream, framed as announced, with back pressure.
// Not here: the header section (engines/relay/http1/request-head.ts), the response (exchange.ts).
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { StalledClients } from '../../http/stalled-clients.ts';
import type { ForwardContext } from '../engine.ts';
import type { RequestBody } from './http1/request-head.ts';

export class Upload {
  readonly #req: IncomingMessage;
  readonly #socket: Socket;
  readonly #chunked: boolean;
  readonly #context: ForwardContext;
  readonly #stalled: StalledClients;
  #sent = false;
  #received = 0;

  constructor(
    req: IncomingMessage,
    socket: Socket,
    body: RequestBody,
    context: ForwardContext,
    stalled: StalledClients,
  ) {
    this.#req = req;
    this.#socket = socket;
    this.#chunked = body === 'chunked';
    this.#context = context;
    this.#stalled = stalled;
    req.on('data', this.#onData);
    req.on('end', this.#onEnd);
    req.on('error', ignore);
    req.resume();
  }

  resume(): void {
    this.#stalled.delete(this.#req.socket);
    this.#req.resume();
  }

  /** Stops sending; further data from the client is dropped. Returns whether the whole body was sent. */
  stop(): boolean {
    this.#stalled.delete(this.#req.socket);
    this.#req.off('data', this.#onData);
    this.#req.off('end', this.#onEnd);
    if (!this.#sent) this.#req.resume();
    return this.#sent;
  }

  #onData = (chunk: Buffer): void => {
    this.#context.onActivity();
    this.#received += chunk.length;
    let more: boolean;
    if (this.#chunked) {
      this.#socket.cork();
      this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      this.#socket.write(chunk);
      more = this.#socket.write('\r\n', 'latin1');
      this.#socket.uncork();
    } else {
      more = this.#socket.write(chunk);
    }
    if (more) return;
    this.#req.pause();
    this.#stalled.add(this.#req.socket, this.#isCut);
  };

  /** The kernel may hold the rest of the body; it cannot be counted in encrypted bytes, nor in chunks. */
  #isCut = (unread: number): boolean => {
    if (this.#chunked || 'encrypted' in this.#req.socket) return false;
    const length = Number(this.#req.headers['content-length']);
    return length - this.#received - this.#req.readableLength > unread;
  };

  #onEnd = (): void => {
    this.#sent = true;
    if (this.#chunked) this.#socket.write('0\r\n\r\n', 'latin1');
  };
}

/** A client that disconnects is noticed on its socket. */
function ignore(): void {}
