// What a request over HTTP/2 has as its socket: its stream, with the peer's address. Destroying it resets the stream
// and leaves the connection open.
// Not here: the body (stream-request.ts), the response (stream-response.ts).
import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

export interface Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
}

/** The members of a socket that node:http and the proxy use. */
export function streamSocket(stream: ServerHttp2Stream, peer: Peer): Socket {
  return new StreamSocket(stream, peer) as EventEmitter as Socket;
}

class StreamSocket extends EventEmitter implements Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly encrypted = true;
  /** The http-proxy library reads it as "is encrypted". */
  readonly pair = true;
  readonly alpnProtocol = 'h2';
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, { remoteAddress, remotePort, remoteFamily }: Peer) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.remoteFamily = remoteFamily;
    this.#stream = stream;
    stream.once('close', () => this.emit('close'));
  }

  get destroyed(): boolean {
    return this.#stream.destroyed;
  }

  get readable(): boolean {
    return this.#stream.readable;
  }

  get writable(): boolean {
    return this.#stream.writable;
  }

  destroy(error?: Error): this {
    // without an error the stream would end as if its message were complete
    this.#stream.destroy(error ?? new Error('the request was abandoned'));
    return this;
  }

  setTimeout(milliseconds: number): this {
    this.#stream.setTimeout(milliseconds, () => this.destroy());
    return this;
  }
}
