// What an upstream's socket delivers, and the page it is read into. node:net by itself takes 64 KB of new
// memory for every read; here the bytes are lent: they are overwritten by the next read unless they are held.
// Not here: the socket (upstreamSocket.ts), and what the bytes mean (connection.ts, splice.ts).
import type { OnReadOpts } from 'node:net';
import { idlePage, largePage, mediumPage, type Page, smallPage, takePage } from './pages.ts';

export class Reader {
  /** Gets what was read. It is lent until this returns: see hold(). */
  receive: (bytes: Buffer) => void = () => undefined;
  /** For the constructor of the socket. */
  readonly onread: OnReadOpts;
  #page: Page | undefined;
  /** Reads in a row that filled their page. */
  #filled = 0;
  #usual = smallPage;

  constructor() {
    this.onread = {
      buffer: () => this.#next().bytes,
      callback: (size) => {
        const { bytes } = this.#page as Page;
        this.#filled = size === bytes.length ? this.#filled + 1 : 0;
        this.receive(bytes.subarray(0, size));
        return true;
      },
    };
  }

  /** Keeps the bytes that receive() was given, until the returned function is called; or for good, if it is not. */
  hold(): (() => void) | undefined {
    const page = this.#page;
    if (page === undefined) return undefined;
    page.holders++;
    return page.release;
  }

  /** From now on there are long times without a read: they should not cost memory. */
  expectSilence(): void {
    this.#usual = idlePage;
  }

  /** The page for the next read: a large one only while reads fill what they are given, and not after just one. */
  #next(): Page {
    const page = this.#page;
    const size = [this.#usual, mediumPage][this.#filled] ?? largePage;
    if (page !== undefined && page.holders === 0 && page.bytes.length === size) return page;
    page?.leave();
    this.#page = takePage(size);
    return this.#page;
  }
}
