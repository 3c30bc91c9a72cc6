// A request over HTTP/2 as node:http's IncomingMessage, so that validation, routing and engines are the same for both
// versions. A body that is cut, or whose length is not the announced one, never ends as if it were complete.
// Not here: its fields (request-fields.ts), the response (stream-response.ts).
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { RequestFields } from './request-fields.ts';
import { type Peer, streamSocket } from './stream-socket.ts';

/** Reports parts of bodies when they are read, for flow control. */
export type OnRead = (bytes: number) => void;

export class StreamRequest extends IncomingMessage {
  readonly #stream: ServerHttp2Stream;
  /** Bytes that are still to come, if the length is known. */
  #missing: number;

  constructor(stream: ServerHttp2Stream, fields: RequestFields, peer: Peer, onRead: OnRead) {
    super(streamSocket(stream, peer));
    this.#stream = stream;
    takeFields(this, fields);
    const { 'content-length': length } = this.headers;
    this.#missing = length === undefined ? Number.NaN : Number(length);
    // an empty body may have ended before anybody listened
    if (!fields.hasBody || stream.readableEnded) {
      if (this.#missing > 0) this.#cut();
      else this.#end();
      return;
    }
    // the announced body is empty: nobody will read it
    if (this.#missing === 0) this.#end();
    stream.on('data', (chunk: Buffer) => {
      onRead(chunk.length);
      this.#missing -= chunk.length;
      if (this.#missing < 0) this.#cut();
      else if (!this.push(chunk)) stream.pause();
    });
    if (!this.complete) stream.pause();
    // emitted for a stream that was cut, too
    stream.once('end', () => {
      if (this.complete) return;
      if (stream.aborted || stream.destroyed || stream.rstCode !== 0 || this.#missing > 0) this.#cut();
      else this.#end();
    });
    stream.once('close', () => {
      if (!this.complete) this.destroy();
    });
  }

  override _read(): void {
    if (!this.complete && this.#stream.isPaused()) this.#stream.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.complete) {
      this.aborted = true;
      this.emit('aborted');
      if (!this.#stream.destroyed) this.socket.destroy();
    }
    // as node:http: without a listener nothing is thrown
    process.nextTick(done, this.listenerCount('error') > 0 ? error : null);
  }

  #end(): void {
    this.complete = true;
    this.push(null);
  }

  #cut(): void {
    this.destroy(new Error('the request was cut'));
  }
}

/** Makes `req` the request of HTTP/1.1 that has these fields. */
export function takeFields(req: IncomingMessage, fields: RequestFields): void {
  req.httpVersion = '1.1';
  req.httpVersionMajor = 1;
  req.httpVersionMinor = 1;
  req.method = fields.method;
  req.url = fields.path;
  req.rawHeaders = fields.list;
  req.headers = fields.byName as IncomingHttpHeaders;
}
