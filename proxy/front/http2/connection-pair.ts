// Two ends of a connection inside this process, with back pressure both ways and cuts that the other end notices.
// Not here: who talks over it (stream.ts).
import { Duplex } from 'node:stream';

export function connectionPair(): { near: Duplex; far: Duplex } {
  const near = new End();
  const far = new End();
  near.join(far);
  far.join(near);
  // a client that is gone is gone at once; what a server wrote before it closed is still read
  near.once('close', () => far.destroy());
  far.once('close', () => near.receive(null, () => undefined));
  return { near, far };
}

class End extends Duplex {
  #other: End | undefined;
  /** Called when the other end has room again. */
  #taken: (() => void) | undefined;
  /** The other end has said all. */
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
    this._read(); // who waits for room here waits no more
    done(error);
  }

  receive(chunk: Buffer | null, done: () => void): void {
    if (this.destroyed || this.#ended) {
      done();
      return;
    }
    this.#ended = chunk === null;
    // a copy: when `done` is called the writer may use its memory again, and here it may lie for long
    if (this.push(chunk === null ? null : Buffer.from(chunk)) || chunk === null) done();
    else this.#taken = done;
  }
}
