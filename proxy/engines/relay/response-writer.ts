// Streams an upstream's response to a client, with back pressure.
// Not here: receiving the response, handling one that is cut (exchange.ts, upgrade.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hopByHop } from '../../http/hop-by-hop.ts';
import type { EngineOptions, ForwardContext } from '../engine.ts';
import { relayInformation, writeResponseHead } from './http1/response-fields.ts';
import type { ResponseHead } from './http1/response-head.ts';
import type { UpstreamConnection } from './pool/connection.ts';

export class ResponseWriter {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #context: ForwardContext;
  readonly #options: EngineOptions;
  #continued = false;
  #informational = 0;
  #waiting = false;

  constructor(req: IncomingMessage, res: ServerResponse, context: ForwardContext, options: EngineOptions) {
    this.#req = req;
    this.#res = res;
    this.#context = context;
    this.#options = options;
  }

  get started(): boolean {
    return this.#res.headersSent;
  }

  information(head: ResponseHead): void {
    // These are written without back pressure, so their number is limited.
    if (++this.#informational > maxInformational) return;
    if (head.status === 100) {
      this.continue();
      return;
    }
    relayInformation(this.#res, head, this.#req);
  }

  /** Sends "100 Continue" to a client that waits for it, once. */
  continue(): void {
    const { headers, httpVersionMinor } = this.#req;
    if (this.#continued || this.#res.headersSent || headers.expect === undefined || httpVersionMinor === 0)
      return;
    this.#continued = true;
    this.#res.writeContinue();
  }

  head(head: ResponseHead): void {
    // Without "100 Continue" the client may or may not send its body: only closing the connection is safe.
    if (this.#req.headers.expect !== undefined && !this.#continued) this.#res.shouldKeepAlive = false;
    writeResponseHead(this.#res, head, this.#req, this.#context.target, this.#options);
  }

  body(chunk: Buffer, from: UpstreamConnection | undefined): void {
    const release = from?.reader.hold();
    const more = release === undefined ? this.#res.write(chunk) : this.#res.write(chunk, release);
    // One read may deliver several chunks: one 'drain' listener is enough for all.
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
      // The copy pays off: node:http sends the header section and a string body in one write.
      this.#res.end(last.toString('latin1'), 'latin1');
    } else {
      this.#res.end(last, from?.reader.hold());
    }
  }

  /** Destroys the client's connection, so that the client notices that the response is incomplete. */
  cut(): void {
    this.#res.destroy();
  }
}

/** Informational (1xx) responses per request. */
const maxInformational = 32;

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

/** Fields that would change the meaning of the response that the client has already read. */
const neverTrailers = new Set(['content-length', 'host', 'set-cookie', 'trailer']);
