// A socket that reads into our buffers (reader.ts), and that keeps reading after a failed write. An upstream that
// rejects a body sends its response and resets the connection; node:net would drop that response as soon as a write
// fails.
// Not here: connecting (dial.ts), reading (connection.ts), which learns of the close from the read side.
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { Reader } from './reader.ts';

type Written = (error?: Error | null) => void;

export class UpstreamSocket extends Socket {
  readonly reader: Reader;

  constructor() {
    const reader = new Reader();
    // Documented for this constructor, but missing in @types/node.
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      allowHalfOpen: true,
      onread: reader.onread,
    };
    super(options);
    this.reader = reader;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, written: Written): void {
    super._write(chunk, encoding, unlessReset(written));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], written: Written): void {
    super._writev?.(chunks, unlessReset(written));
  }
}

/** A write that fails with a reset is never completed: no further write is tried, and reading continues. */
function unlessReset(written: Written): Written {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') written(error);
  };
}
