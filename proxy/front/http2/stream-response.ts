// A response over HTTP/2 as node:http's ServerResponse: fields and body go to the stream as they are written. A response
// that is cut resets its stream; one that ends before its request tells the client to stop sending (stop-sending.ts).
// Not here: which fields are sent (response-fields.ts), the request (stream-request.ts).

import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { errorText } from '../../../config/system/error-text.ts';
import { fieldList, fieldsOf, responseFields } from './response-fields.ts';
import { stopSending } from './stop-sending.ts';
import type { StreamRequest } from './stream-request.ts';

type Written = (error?: Error | null) => void;
type Fields = OutgoingHttpHeaders | OutgoingHttpHeader[];
type Chunk = string | Uint8Array;

export class StreamResponse extends ServerResponse<StreamRequest> {
  /** Bytes of the body, for the access log. */
  bodyBytes = 0;
  readonly #stream: ServerHttp2Stream;
  readonly #onUnsendable: (reason: string) => void;
  #started = false;
  /** The response has no body, or its body is discarded. */
  #empty = false;
  #trailers: readonly string[] = [];

  /** `onUnsendable` is called if HTTP/2 does not allow the response: the client got 502. */
  constructor(req: StreamRequest, stream: ServerHttp2Stream, onUnsendable: (reason: string) => void) {
    super(req);
    this.#stream = stream;
    this.#onUnsendable = onUnsendable;
    stream.on('drain', () => this.emit('drain'));
    stream.once('finish', () => {
      this.emit('finish');
      if (!req.complete) setImmediate(() => stopSending(stream));
    });
    stream.once('close', () => {
      this.destroyed = true;
      this.emit('close');
    });
  }

  static {
    // properties in node:http's types, so TypeScript does not allow accessors
    Object.defineProperties(StreamResponse.prototype, {
      headersSent: {
        get(this: StreamResponse) {
          return this.#started;
        },
      },
      writableFinished: {
        get(this: StreamResponse) {
          return this.#stream.writableFinished;
        },
      },
      writableLength: {
        get(this: StreamResponse) {
          return this.#stream.writableLength;
        },
      },
    });
  }

  override writeHead(status: number, reason?: string | Fields, fields?: Fields): this {
    const given = fieldList(typeof reason === 'string' ? fields : reason);
    const list =
      this.getHeaderNames().length === 0 ? given : [...fieldList({ ...this.getHeaders() }), ...given];
    this.#start(status, list);
    return this;
  }

  override write(chunk: Chunk, encoding?: BufferEncoding | Written, written?: Written): boolean {
    const [code, done] =
      typeof encoding === 'string' ? [encoding, written] : ['utf8' as const, encoding ?? written];
    if (!this.#started) this.writeHead(this.statusCode);
    if (this.#empty || this.finished) {
      if (done !== undefined) process.nextTick(done);
      return true;
    }
    this.#count(chunk, code);
    return this.#stream.write(chunk, code, done);
  }

  override end(
    chunk?: Chunk | (() => void) | null,
    encoding?: BufferEncoding | (() => void),
    ended?: () => void,
  ): this {
    if (this.finished) return this;
    if (!this.#started) this.writeHead(this.statusCode);
    this.finished = true;
    const done = [chunk, encoding, ended].find((argument) => typeof argument === 'function');
    if (this.#empty) {
      if (typeof done === 'function') process.nextTick(done);
      return this;
    }
    if (chunk === undefined || chunk === null || typeof chunk === 'function') {
      this.#stream.end(done);
      return this;
    }
    const code = typeof encoding === 'string' ? encoding : 'utf8';
    this.#count(chunk, code);
    this.#stream.end(chunk, code, typeof done === 'function' ? done : undefined);
    return this;
  }

  override addTrailers(fields: OutgoingHttpHeaders | readonly [string, string][]): void {
    this.#trailers = fieldList(fields);
  }

  override writeContinue(): void {
    this.#inform({ ':status': 100 });
  }

  override writeEarlyHints(hints: Record<string, string | string[]>): void {
    this.#inform(responseFields(103, fieldList(hints)));
  }

  override flushHeaders(): void {
    if (!this.#started) this.writeHead(this.statusCode);
  }

  override destroy(error?: Error): this {
    this.destroyed = true;
    // without an error the stream would end as if the response were complete
    this.#stream.destroy(error ?? new Error('the response was cut'));
    return this;
  }

  #start(status: number, list: readonly string[]): void {
    const stream = this.#stream;
    this.#started = true;
    this.statusCode = status;
    if (stream.destroyed || stream.closed) {
      this.#empty = true;
      return;
    }
    this.#empty = this.req.method === 'HEAD' || withoutBody.has(status);
    const fields = responseFields(status, list);
    this.chunkedEncoding = !this.#empty && fields['content-length'] === undefined;
    const waitForTrailers = this.chunkedEncoding && fields.trailer !== undefined;
    if (waitForTrailers) {
      stream.once('wantTrailers', () => this.#orDestroy(() => stream.sendTrailers(fieldsOf(this.#trailers))));
    }
    try {
      stream.respond(fields, { endStream: this.#empty, waitForTrailers });
    } catch (error) {
      this.#empty = true;
      this.statusCode = 502;
      this.#onUnsendable(errorText(error));
      this.#orDestroy(() => stream.respond({ ':status': 502 }, { endStream: true }));
    }
  }

  #inform(fields: OutgoingHttpHeaders): void {
    if (this.#started || this.#stream.destroyed || this.#stream.closed) return;
    this.#orDestroy(() => this.#stream.additionalHeaders(fields));
  }

  #count(chunk: Chunk, encoding: BufferEncoding): void {
    this.bodyBytes += typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length;
  }

  /** node:http2 throws for fields that it does not allow, and for a stream that has just ended. */
  #orDestroy(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#stream.destroy(error as Error);
    }
  }
}

const withoutBody = new Set([204, 205, 304]);
