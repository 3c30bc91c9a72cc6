// The buffers that upstream sockets are read into: a small one for each socket, one shared by all sockets that are
// mostly silent, and large ones while a socket delivers more than a small one holds. Large buffers are pooled, so that
// they stay in the processor's cache and need no garbage collection.
// Not here: choosing the buffer of a read (reader.ts).

export class ReadBuffer {
  readonly bytes: Buffer;
  /** Pending writes that still need the bytes. */
  holders = 0;
  /** The socket reads into another buffer now. */
  left = false;
  /** Callback of a write that holds the bytes. */
  readonly release = (): void => {
    this.holders--;
    keep(this);
  };

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  /** The socket continues with another buffer. */
  leave(): void {
    this.left = true;
    keep(this);
  }
}

export function takeBuffer(size: number): ReadBuffer {
  const buffer = (size === largeSize ? unused.pop() : undefined) ?? new ReadBuffer(size);
  buffer.left = false;
  return buffer;
}

function keep(buffer: ReadBuffer): void {
  if (buffer.left && buffer.holders === 0 && buffer.bytes.length === largeSize && unused.length < maxUnused) {
    buffer.left = false;
    unused.push(buffer);
  }
}

/** Unused large buffers. */
const unused: ReadBuffer[] = [];
const maxUnused = 16;

/** Shared by sockets that are mostly silent: valid only until the bytes of one read are handled, so it cannot be held. */
export const sharedBuffer = new ReadBuffer(64 * 1024);

/** Bytes. Most responses of a Jupyter server are smaller, header section included. */
export const smallSize = 4 * 1024;

/** Bytes; for the read after one that filled a small buffer: distinguishes a response that just fits from a long one. */
export const mediumSize = 16 * 1024;

/** Bytes; four times the size of a read of node:net. */
export const largeSize = 256 * 1024;
