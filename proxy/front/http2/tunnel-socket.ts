// The stream of an extended CONNECT as the socket of an upgrade, so that routing and engines are the same for WebSockets
// over both versions. Back pressure, ends and resets pass in both directions; the connection stays open.
// Not here: the response to the request (tunnel-response.ts), its fields (upgrade-fields.ts).
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { cancel, stopSending } from './stop-sending.ts';
import type { OnRead } from './stream-request.ts';
import type { Peer } from './stream-socket.ts';
import { type TunnelEvents, TunnelResponse } from './tunnel-response.ts';

/** `key` is the Sec-WebSocket-Key that the target gets. */
export function tunnelSocket(
  stream: ServerHttp2Stream,
  peer: Peer,
  key: string,
  onRead: OnRead,
  events: TunnelEvents,
): Socket {
  return new TunnelSocket(stream, peer, new TunnelResponse(stream, key, events), onRead) as Duplex as Socket;
}

type Done = (error?: Error | null) => void;

class TunnelSocket extends Duplex implements Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly encrypted = true;
  /** The http-proxy library reads it as "is encrypted". */
  readonly pair = true;
  readonly alpnProtocol = 'h2';
  /** As over HTTP/1.1, with the header section. */
  bytesWritten = 0;
  readonly #stream: ServerHttp2Stream;
  readonly #response: TunnelResponse;

  constructor(stream: ServerHttp2Stream, peer: Peer, response: TunnelResponse, onRead: OnRead) {
    super();
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.remoteFamily = peer.remoteFamily;
    this.#stream = stream;
    this.#response = response;
    let isEnded = false;
    stream.on('data', (chunk: Buffer) => {
      onRead(chunk.length);
      if (!this.destroyed && !this.push(chunk)) stream.pause();
    });
    stream.pause();
    // emitted for a stream that was reset, too
    stream.once('end', () => {
      isEnded = !stream.aborted && !stream.destroyed && stream.rstCode === 0 && !response.isUnsendable;
      if (isEnded && !this.destroyed) this.push(null);
    });
    stream.once('close', () => {
      // what came before an orderly end is still being read
      if (!isEnded || !this.writableFinished) this.destroy();
    });
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([{ chunk }], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#send(chunks, done);
  }

  override _final(done: Done): void {
    if (this.#response.isComplete) this.#stream.end(() => done());
    else done(new Error('the response to the WebSocket handshake was cut'));
  }

  override _destroy(error: Error | null, done: Done): void {
    const stream = this.#stream;
    if (!stream.destroyed) {
      stream.resume();
      const isEnded = this.writableFinished && error === null;
      if (isEnded || this.#response.isUnsendable) stopSending(stream);
      else cancel(stream);
    }
    done(error);
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** A connection without a request is closed by its session; a WebSocket has no limit. */
  setTimeout(): this {
    return this;
  }

  /** These two are for the connection: its listener has set them. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  #send(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    const stream = this.#stream;
    const parts: Buffer[] = [];
    for (const { chunk } of chunks) {
      this.bytesWritten += chunk.length;
      const part = this.#response.isOpen ? chunk : this.#response.read(chunk);
      if (part.length > 0) parts.push(part);
    }
    const last = parts.pop();
    if (last === undefined) {
      done();
      return;
    }
    // one frame for many small messages
    stream.cork();
    for (const part of parts) stream.write(part);
    stream.write(last, done);
    stream.uncork();
  }
}
