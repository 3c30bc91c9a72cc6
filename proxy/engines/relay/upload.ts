// Sends the body of a request to the upstream as it comes, framed as it was announced, never faster than
// the upstream takes it.
// Not here: the head (engines/relay/http1/request-head.ts), and the answer (exchange.ts).
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Passage } from '../engine.ts';
import type { RequestBody } from './http1/request-head.ts';
import type { StalledClients } from './stalled-clients.ts';

export class Upload {
  readonly #req: IncomingMessage;
  readonly #socket: Socket;
  readonly #chunked: boolean;
  readonly #passage: Passage;
  readonly #stalled: StalledClients;
  #sent = false;
  #received = 0;

  constructor(
    req: IncomingMessage,
    socket: Socket,
    body: RequestBody,
    passage: Passage,
    stalled: StalledClients,
  ) {
    this.#req = req;
    this.#socket = socket;
    this.#chunked = body === 'chunked';
    this.#passage = passage;
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

  /** Sends no more; what still comes from the client is dropped. Whether all had been sent. */
  stop(): boolean {
    this.#stalled.delete(this.#req.socket);
    this.#req.off('data', this.#onData);
    this.#req.off('end', this.#onEnd);
    if (!this.#sent) this.#req.resume();
    return this.#sent;
  }

  #onData = (chunk: Buffer): void => {
    this.#passage.onActivity();
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
    this.#stalled.add(this.#req.socket, this.#missing);
  };

  #missing = (): number =>
    this.#chunked
      ? 0
      : Number(this.#req.headers['content-length']) - this.#received - this.#req.readableLength;

  #onEnd = (): void => {
    this.#sent = true;
    if (this.#chunked) this.#socket.write('0\r\n\r\n', 'latin1');
  };
}

/** The client's disappearance is learned from its socket. */
function ignore(): void {}
