// The compressors of this process. Their number is bounded, since each takes memory: while all are in use, responses go
// uncompressed. node:zlib compresses on libuv's threads, so the event loop stays free.
// Not here: what is compressed (compressible.ts), sending it (pump.ts).
import type { Transform } from 'node:stream';
import zlib, { type BrotliOptions, constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { Encoding } from './accept-encoding.ts';

export type EncoderStream = Transform & { flush(kind?: number): void };

export interface Encoder {
  readonly stream: EncoderStream;
  /** Sends what was written so far to the reader. */
  flush(): void;
  /** Something has come in or out. */
  progress(): void;
  /** Destroys the stream, and lets another response have its place. */
  close(): void;
}

export interface Encoders {
  /** What this Node can do, the preferred one first. */
  readonly offered: readonly Encoding[];
  /** Undefined: all are in use, or this target has its share. */
  open(wanted: Wanted): Encoder | undefined;
}

export interface Wanted {
  readonly encoding: Encoding;
  /** Of the body in bytes, if it is known. */
  readonly length: number | undefined;
  /** Where the response comes from: no target may use up all encoders. */
  readonly target: string;
  /** The response must end, since another one needs the place. */
  readonly onEvicted: () => void;
}

export function createEncoders(clock: () => number = () => performance.now(), most = mostEncoders): Encoders {
  const places = new Set<Place>();
  /** Ends a response in which nothing moves: its client does not read, or its target does not send. */
  const evict = (): void => {
    const patience = clock() - longestWait;
    for (const place of places) {
      if (place.movedAt > patience) continue;
      places.delete(place);
      place.onEvicted();
      return;
    }
  };
  const countOf = (target: string): number => {
    let count = 0;
    for (const place of places) if (place.target === target) count++;
    return count;
  };
  return {
    offered,
    open: ({ encoding, length, target, onEvicted }) => {
      if (places.size >= most) evict();
      if (places.size >= most || countOf(target) >= Math.ceil(most / 2)) return undefined;
      const stream = tryCreate(encoding, length);
      if (stream === undefined) return undefined;
      const place: Place = { target, movedAt: clock(), onEvicted };
      places.add(place);
      return {
        stream,
        flush: () => (encoding === 'gzip' ? stream.flush(constants.Z_SYNC_FLUSH) : stream.flush()),
        progress: () => {
          place.movedAt = clock();
        },
        close: () => {
          places.delete(place);
          stream.destroy();
        },
      };
    },
  };
}

interface Place {
  readonly target: string;
  movedAt: number;
  readonly onEvicted: () => void;
}

/** Not in Node 20, nor in its types; in Node 22 since 22.15. The constants are those of the zstd library. */
const { createZstdCompress } = zlib as object as {
  readonly createZstdCompress?: (options: BrotliOptions) => EncoderStream;
};
const zstdLevel = 100;
const zstdWindow = 101;

const offered: readonly Encoding[] =
  createZstdCompress === undefined ? ['br', 'gzip'] : ['zstd', 'br', 'gzip'];

/** Undefined if there is no memory for it. */
function tryCreate(encoding: Encoding, length: number | undefined): EncoderStream | undefined {
  try {
    return createStream(encoding, length);
  } catch {
    return undefined;
  }
}

/** Levels, and what they cost: bench/RESULTS.md. */
function createStream(encoding: Encoding, length: number | undefined): EncoderStream {
  if (encoding === 'zstd' && createZstdCompress !== undefined)
    return createZstdCompress({
      ...buffers,
      params: { [zstdLevel]: 6, [zstdWindow]: windowBits(length, 19) },
    });
  if (encoding !== 'br') return createGzip({ ...buffers, level: 6 });
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  return createBrotliCompress({
    ...buffers,
    params: {
      [BROTLI_PARAM_QUALITY]: 5,
      [BROTLI_PARAM_LGWIN]: windowBits(length, 18),
      ...(length === undefined ? {} : { [BROTLI_PARAM_SIZE_HINT]: Math.min(length, 2 ** 30) }),
    },
  });
}

/** Not larger than the body needs: the window is most of the memory. */
function windowBits(length: number | undefined, most: number): number {
  if (length === undefined) return most;
  return Math.min(
    most,
    Math.max(constants.BROTLI_MIN_WINDOW_BITS, Math.ceil(Math.log2(Math.max(1, length)))),
  );
}

/** Half of them, which a target may have, is enough for all scripts of a first page over HTTP/2. */
const mostEncoders = 64;

/** Milliseconds. */
const longestWait = 60_000;

/** Bytes: of a part that comes out, and of what may be written ahead. */
const buffers = { chunkSize: 32 * 1024, writableHighWaterMark: 256 * 1024 };
