// A response that counts the bytes of its body, for the access log. node:http counts only the bytes of a socket, with
// header sections and other responses.
// Not here: the log (access-log.ts).
import { type IncomingMessage, ServerResponse } from 'node:http';

type Written = (error?: Error | null) => void;

export class CountedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  bodyBytes = 0;

  override write(
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | Written,
    written?: Written,
  ): boolean {
    this.#count(chunk, encoding);
    return typeof encoding === 'string'
      ? super.write(chunk, encoding, written)
      : super.write(chunk, encoding ?? written);
  }

  override end(
    chunk?: string | Uint8Array | (() => void),
    encoding?: BufferEncoding | (() => void),
    ended?: () => void,
  ): this {
    if (chunk === undefined || chunk === null || typeof chunk === 'function') return super.end(chunk);
    this.#count(chunk, encoding);
    return typeof encoding === 'string' ? super.end(chunk, encoding, ended) : super.end(chunk, encoding);
  }

  #count(chunk: string | Uint8Array, encoding: unknown): void {
    this.bodyBytes +=
      typeof chunk === 'string'
        ? Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
        : chunk.length;
  }
}
