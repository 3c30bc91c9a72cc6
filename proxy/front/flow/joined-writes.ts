// Joins small chunks that are written together (header section, body, last chunk) into one write. For several chunks
// node:net allocates memory in V8 each time, which costs more than copying a few kilobytes.
import type { Socket } from 'node:net';

type Pieces = { chunk: string | Buffer; encoding: BufferEncoding }[];
type Written = (error?: Error | null) => void;

export function joinWrites(socket: Socket): void {
  // A request that is served again without its upgrade emits 'connection' a second time.
  if (Object.hasOwn(socket, '_writev')) return;
  const writeApart = socket._writev;
  socket._writev = (pieces: Pieces, written: Written) => {
    if (isSmall(pieces)) socket._write(text(pieces), 'latin1', written);
    else writeApart?.call(socket, pieces, written);
  };
}

function isSmall(pieces: Pieces): boolean {
  let size = 0;
  for (const { chunk, encoding } of pieces) {
    if (typeof chunk === 'string' && chunk !== '' && encoding !== 'latin1') return false;
    size += chunk.length;
  }
  return size <= small;
}

function text(pieces: Pieces): string {
  let all = '';
  for (const { chunk } of pieces) all += typeof chunk === 'string' ? chunk : chunk.toString('latin1');
  return all;
}

/** Bytes; node:net writes a string of up to this size from the stack. */
const small = 16 * 1024;
