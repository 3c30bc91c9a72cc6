// Passes an upstream's answer on to a client as it comes, never faster than the client takes it.
// Not here: where the answer comes from, and what happens when it is cut (exchange.ts, upgrade.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hopByHop } from '../../http/hop-by-hop.ts';
import type { EngineOptions, Passage } from '../engine.ts';
import { relayInformation, writeResponseHead } from './http1/response-fields.ts';
import type { ResponseHead } from './http1/response-head.ts';
import type { UpstreamConnection } from './pool/connection.ts';

export class Answer {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #passage: Passage;
  readonly #options: EngineOptions;
  #continued = false;
  #informed = 0;
  #waiting = false;

  constructor(req: IncomingMessage, res: ServerResponse, passage: Passage, options: EngineOptions) {
    this.#req = req;
    this.#res = res;
    this.#passage = passage;
    this.#options = options;
  }

  get started(): boolean {
    return this.#res.headersSent;
  }

  information(head: ResponseHead): void {
    // Each is written at once, whether the client reads or not.
    if (++this.#informed > maxInformed) return;
    if (head.status === 100) this.#continued = true;
    relayInformation(this.#res, head, this.#req);
  }

  head(head: ResponseHead): void {
    // Who was refused without "100 Continue" may send the body, or not: only a closed connection is sure.
    if (this.#req.headers.expect !== undefined && !this.#continued) this.#res.shouldKeepAlive = false;
    writeResponseHead(this.#res, head, this.#req, this.#passage.target, this.#options);
  }

  body(chunk: Buffer, from: UpstreamConnection | undefined): void {
    const release = from?.reader.hold();
    const more = release === undefined ? this.#res.write(chunk) : this.#res.write(chunk, release);
    // Of one read there may be many pieces: one of them waits for all.
    if (more || from === undefined || this.#waiting) return;
    this.#waiting = true;
    from.socket.pause();
    this.#res.once('drain', () => {
      this.#waiting = false;
      from.socket.resume();
    });
  }

  complete(
    last: Buffer | undefined,
    trailers: readonly string[],
    from: UpstreamConnection | undefined,
  ): void {
    if (trailers.length > 0 && this.#res.chunkedEncoding) this.#res.addTrailers(allowedTrailers(trailers));
    if (last === undefined) {
      this.#res.end();
    } else if (last.length <= smallBody) {
      // A copy that is cheaper than the original: node:http sends head and text in one piece.
      this.#res.end(last.toString('latin1'), 'latin1');
    } else {
      this.#res.end(last, from?.reader.hold());
    }
  }

  /** The answer can not be completed: the client must notice. */
  cut(): void {
    this.#res.destroy();
  }
}

/** Answers that only inform (1xx), per request. */
const maxInformed = 32;

/** Bytes. */
const smallBody = 16 * 1024;

function allowedTrailers(fields: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const lower = name.toLowerCase();
    if (!neverTrailers.has(lower) && !hopByHop.has(lower)) pairs.push([name, fields[at + 1] ?? '']);
  }
  return pairs;
}

/** Fields that would change the meaning of what the client has already read. */
const neverTrailers = new Set(['content-length', 'host', 'set-cookie', 'trailer']);
