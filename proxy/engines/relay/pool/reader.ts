// What an upstream's socket delivers, and the page it is read into. node:net by itself takes 64 KB of new
// memory for every read; here the bytes are lent: they are overwritten by the next read unless they are held.
// Not here: the socket (upstream-socket.ts), and what the bytes mean (connection.ts, engines/relay/splice.ts).
import type { OnReadOpts } from 'node:net';
import { commonPage, largePage, mediumPage, type Page, smallPage, takePage } from './read-buffers.ts';

export class Reader {
  /** Gets what was read. It is lent until this returns: see hold(). */
  receive: (bytes: Buffer) => void = () => undefined;
  /** For the constructor of the socket. */
  readonly onread: OnReadOpts;
  #page: Page | undefined;
  /** Reads in a row that filled their page. */
  #filled = 0;
  #silent = false;

  constructor() {
    this.onread = {
      buffer: () => this.#next().bytes,
      callback: (size) => {
        const page = this.#page as Page;
        const { bytes } = page;
        this.#filled = size >= (page === commonPage ? mediumPage : bytes.length) ? this.#filled + 1 : 0;
        this.receive(bytes.subarray(0, size));
        return true;
      },
    };
  }

  /** Keeps the bytes that receive() was given, until the returned function is called; or for good, if it is not. */
  hold(): (() => void) | undefined {
    const page = this.#page;
    if (page === undefined || page === commonPage) return undefined;
    page.holders++;
    return page.release;
  }

  /** From now on there are long times without a read, which should not cost memory: what is read may lie in
   * memory that others read into, and has to be made lasting before it is written. */
  expectSilence(): void {
    this.#silent = true;
  }

  /** What was read, for a write that may take longer than receive(). */
  lasting(bytes: Buffer): Buffer {
    return this.#page === commonPage ? Buffer.from(bytes) : bytes;
  }

  /** The page for the next read: a large one only while reads fill what they are given, and not after just one. */
  #next(): Page {
    const page = this.#page;
    if (this.#filled === 0 && this.#silent) {
      if (page !== commonPage) page?.leave();
      this.#page = commonPage;
      return commonPage;
    }
    const size = this.#filled === 0 ? smallPage : this.#filled === 1 ? mediumPage : largePage;
    if (page !== undefined && page.holders === 0 && page.bytes.length === size) return page;
    if (page !== commonPage) page?.leave();
    this.#page = takePage(size);
    return this.#page;
  }
}
