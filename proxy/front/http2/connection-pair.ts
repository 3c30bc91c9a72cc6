// A pair of connected streams inside this process, with back pressure in both directions; destroying one is noticed by
// the other.
// Not here: its use (stream.ts).
import { Duplex } from 'node:stream';

export function connectionPair(): { near: Duplex; far: Duplex } {
  const near = new End();
  const far = new End();
  near.join(far);
  far.join(near);
  // when the client's end closes, the server's end is destroyed; when the server's end closes, its data is still read
  near.once('close', () => far.destroy());
  far.once('close', () => near.receive(null, () => undefined));
  return { near, far };
}

class End extends Duplex {
  #other: End | undefined;
  /** Completes the pending write of the other end; called when there is room again. */
  #taken: (() => void) | undefined;
  /** The other end has sent its last byte. */
  #ended = false;

  join(other: End): void {
    this.#other = other;
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#other?.receive(chunk, done);
  }

  override _final(done: () => void): void {
    this.#other?.receive(null, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this._read(); // completes a write that waits for room here
    done(error);
  }

  receive(chunk: Buffer | null, done: () => void): void {
    if (this.destroyed || this.#ended) {
      done();
      return;
    }
    this.#ended = chunk === null;
    // a copy: the writer may reuse its memory once `done` is called, and the chunk may be buffered here for long
    if (this.push(chunk === null ? null : Buffer.from(chunk)) || chunk === null) done();
    else this.#taken = done;
  }
}
