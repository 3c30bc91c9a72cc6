// A socket that is read into pages (reader.ts), and that reads on when the other side takes no more. An
// upstream that refuses a body answers and resets the connection; node:net would drop that answer as soon as
// a write fails.
// Not here: connecting (dial.ts) and reading (connection.ts), which learns the end from the read side.
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { Reader } from './reader.ts';

type Written = (error?: Error | null) => void;

export class UpstreamSocket extends Socket {
  readonly reader: Reader;

  constructor() {
    const reader = new Reader();
    // Documented for this constructor, but not known to @types/node.
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

/** A write that met a reset is never reported as done: no further one is tried, and reading goes on. */
function unlessReset(written: Written): Written {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') written(error);
  };
}
