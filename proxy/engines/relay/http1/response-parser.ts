// Parses HTTP/1.1 responses of upstreams, which are not trusted: anything that does not match the grammar exactly is
// rejected with BadResponse, and not forwarded. The buffers it receives and emits are valid only during the call
// (engines/relay/pool/reader.ts).
// Not here: sockets, forwarding (engines/relay/exchange.ts), the grammar of the header section (response-head.ts).
import { BadResponse, checkBeginning, fieldLines, parseHead, type ResponseHead } from './response-head.ts';

/** Receives the parts of a response, in order: information*, head, body*, complete. */
export interface ResponseSink {
  /** A 1xx response other than 101. */
  onInformation(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** `last` is the last part of the body, if it was known to be the last one. */
  onComplete(last: Buffer | undefined, trailers: string[]): void;
}

export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #method: string;
  readonly #upgrade: boolean;
  #state: State = 'head';
  #pending: Buffer | undefined;
  #line = '';
  #remaining = 0;
  #trailers: string[] = [];
  /** Bytes after the end of the response, or after a 101. */
  leftover: Buffer | undefined;

  constructor(sink: ResponseSink, method: string, upgrade = false) {
    this.#sink = sink;
    this.#method = method;
    this.#upgrade = upgrade;
  }

  /** No byte of a response was received yet. */
  get untouched(): boolean {
    return this.#state === 'head' && this.#pending === undefined;
  }

  get complete(): boolean {
    return this.#state === 'done';
  }

  execute(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'done') {
        this.leftover = Buffer.from(chunk.subarray(at));
        return;
      }
      at = this.#step(chunk, at);
    }
  }

  /** The upstream has closed. Throws if the response is incomplete. */
  finish(): void {
    if (this.#state === 'until-close') {
      this.#state = 'done';
      this.#sink.onComplete(undefined, []);
    } else if (this.#state !== 'done') {
      throw new Error('the upstream closed before its response was complete');
    }
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(chunk, at);
      case 'length':
        return this.#readLength(chunk, at);
      case 'until-close':
        this.#sink.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      case 'chunk-data':
        return this.#readChunk(chunk, at);
      default:
        return this.#readLine(chunk, at);
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const before = this.#pending?.length ?? 0;
    const fresh = at === 0 ? chunk : chunk.subarray(at);
    const bytes = this.#pending === undefined ? fresh : Buffer.concat([this.#pending, fresh]);
    const end = bytes.indexOf(headEnd, Math.max(0, before - headEnd.length + 1));
    if (end < 0 || end > maxHead) {
      if (bytes.length > maxHead) throw new BadResponse('the header section is too large');
      checkBeginning(bytes, before);
      this.#pending = before === 0 ? Buffer.from(bytes) : bytes;
      return chunk.length;
    }
    this.#pending = undefined;
    this.#begin(parseHead(bytes.toString('latin1', 0, end)));
    return at + end + headEnd.length - before;
  }

  #begin(head: ResponseHead): void {
    if (head.status === 101) {
      if (!this.#upgrade) throw new BadResponse('101 for a request without an upgrade');
      this.#state = 'done';
      this.#sink.onHead(head);
      return;
    }
    if (head.status < 200) {
      this.#sink.onInformation(head);
      return;
    }
    const bodyless = this.#method === 'HEAD' || head.status === 204 || head.status === 304;
    this.#remaining = head.contentLength ?? 0;
    if (bodyless || (head.contentLength === 0 && !head.chunked)) this.#state = 'done';
    else if (head.chunked) this.#state = 'chunk-size';
    else this.#state = head.contentLength === undefined ? 'until-close' : 'length';
    this.#sink.onHead(head);
    if (this.#state === 'done') this.#sink.onComplete(undefined, []);
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    const part = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
    if (this.#remaining > 0) {
      this.#sink.onBody(part);
    } else {
      this.#state = 'done';
      this.#sink.onComplete(part, []);
    }
    return end;
  }

  #readChunk(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#state = 'chunk-end';
    this.#sink.onBody(chunk.subarray(at, end));
    return end;
  }

  /** Reads the line-based parts of a chunked body: chunk sizes, the line ends after chunks, and trailers. */
  #readLine(chunk: Buffer, at: number): number {
    const newline = chunk.indexOf(10, at);
    const end = newline < 0 ? chunk.length : newline + 1;
    this.#line += chunk.toString('latin1', at, end);
    const limit = this.#state === 'trailers' ? maxHead : maxChunkLine;
    if (this.#line.length > limit) throw new BadResponse('a line in the chunked body is too long');
    if (newline < 0) return end;
    if (!this.#line.endsWith('\r\n')) throw new BadResponse('a line in the chunked body has no CR');
    if (this.#state === 'trailers' && this.#line !== '\r\n' && !this.#line.endsWith('\r\n\r\n')) return end;
    const line = this.#line.slice(0, -2);
    this.#line = '';
    this.#takeLine(line);
    return end;
  }

  #takeLine(line: string): void {
    if (this.#state === 'chunk-size') {
      const size = /^([0-9a-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(line)?.[1];
      if (size === undefined) throw new BadResponse('a chunk size is malformed');
      this.#remaining = Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data';
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new BadResponse('a chunk is longer than its size');
      this.#state = 'chunk-size';
    } else {
      this.#trailers = fieldLines(line.replace(/\r\n$/, ''));
      this.#state = 'done';
      this.#sink.onComplete(undefined, this.#trailers);
    }
  }
}

type State =
  | 'head'
  | 'length'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'done';

const headEnd = Buffer.from('\r\n\r\n');

/** Bytes of a header or trailer section; JupyterHub's cookies are large, but not this large. */
const maxHead = 64 * 1024;

/** Bytes of a chunk size with its extensions. */
const maxChunkLine = 1024;
