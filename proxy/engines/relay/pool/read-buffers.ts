// Memory that upstream sockets are read into: a small page each, or one for all who mostly wait, and large ones
// for as long as a socket delivers faster than small ones can take. Large pages are used again and again, so that they stay in the
// processor's cache and nobody has to collect them.
// Not here: which page a socket reads into (reader.ts).

export class Page {
  readonly bytes: Buffer;
  /** Writes under way that still need the bytes. */
  holders = 0;
  /** No socket reads into it any more. */
  left = false;
  /** Given to a write, to be called when it is done. */
  readonly release = (): void => {
    this.holders--;
    keep(this);
  };

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  /** The socket reads on elsewhere. */
  leave(): void {
    this.left = true;
    keep(this);
  }
}

export function takePage(size: number): Page {
  const page = (size === largePage ? spare.pop() : undefined) ?? new Page(size);
  page.left = false;
  return page;
}

function keep(page: Page): void {
  if (page.left && page.holders === 0 && page.bytes.length === largePage && spare.length < maxSpare) {
    page.left = false;
    spare.push(page);
  }
}

/** Large pages that nobody uses now. */
const spare: Page[] = [];
const maxSpare = 16;

/** For all who mostly wait: it is theirs only until what was read has been dealt with, so it cannot be held. */
export const commonPage = new Page(64 * 1024);

/** Bytes. Most answers of a Jupyter server, their heads included, are smaller. */
export const smallPage = 4 * 1024;

/** Bytes, for the read after one that filled a small page: it tells an answer that just fits from a long one. */
export const mediumPage = 16 * 1024;

/** Bytes; four times what node:net reads at once. */
export const largePage = 256 * 1024;
