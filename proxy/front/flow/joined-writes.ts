// Small pieces that are written together (a head, a body, the end of it) leave as one. For several pieces
// node:net takes new memory from V8 each time, which costs more than copying a few kilobytes.
// Not here: what is written.
import type { Socket } from 'node:net';

type Pieces = { chunk: string | Buffer; encoding: BufferEncoding }[];
type Written = (error?: Error | null) => void;

export function joinWrites(socket: Socket): void {
  // One that is served again without an upgrade comes by again.
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

/** Bytes; what node:net writes from its stack. */
const small = 16 * 1024;
