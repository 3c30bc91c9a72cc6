// Reads an upstream's socket into reused buffers. node:net allocates 64 KB for every read; here the next read
// overwrites the bytes unless they are held.
// Not here: the socket (upstream-socket.ts), parsing (connection.ts), splicing (engines/relay/splice.ts).
import type { OnReadOpts } from 'node:net';
import {
  largeSize,
  mediumSize,
  type ReadBuffer,
  sharedBuffer,
  smallSize,
  takeBuffer,
} from './read-buffers.ts';

export class Reader {
  /** Called with the bytes of a read. They are valid until it returns: see hold(). */
  receive: (bytes: Buffer) => void = () => undefined;
  /** Option for the constructor of the socket. */
  readonly onread: OnReadOpts;
  #buffer: ReadBuffer | undefined;
  /** Consecutive reads that filled their buffer. */
  #filled = 0;
  #silent = false;

  constructor() {
    this.onread = {
      buffer: () => this.#next().bytes,
      callback: (size) => {
        const buffer = this.#buffer as ReadBuffer;
        const { bytes } = buffer;
        this.#filled = size >= (buffer === sharedBuffer ? mediumSize : bytes.length) ? this.#filled + 1 : 0;
        this.receive(bytes.subarray(0, size));
        return true;
      },
    };
  }

  /** Keeps the bytes passed to receive() until the returned function is called (for ever if it is not). */
  hold(): (() => void) | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined || buffer === sharedBuffer) return undefined;
    buffer.holders++;
    return buffer.release;
  }

  /** Long pauses between reads are expected from now on, and must not cost memory: reads may go to the shared buffer, so
   * bytes must pass through lasting() before they are written. */
  expectSilence(): void {
    this.#silent = true;
  }

  /** The bytes in a form that stays valid after receive(), copied if necessary. */
  lasting(bytes: Buffer): Buffer {
    return this.#buffer === sharedBuffer ? Buffer.from(bytes) : bytes;
  }

  /** The buffer for the next read: a large one only after two consecutive reads that filled theirs. */
  #next(): ReadBuffer {
    const buffer = this.#buffer;
    if (this.#filled === 0 && this.#silent) {
      if (buffer !== sharedBuffer) buffer?.leave();
      this.#buffer = sharedBuffer;
      return sharedBuffer;
    }
    const size = this.#filled === 0 ? smallSize : this.#filled === 1 ? mediumSize : largeSize;
    if (buffer !== undefined && buffer.holders === 0 && buffer.bytes.length === size) return buffer;
    if (buffer !== sharedBuffer) buffer?.leave();
    this.#buffer = takeBuffer(size);
    return this.#buffer;
  }
}
