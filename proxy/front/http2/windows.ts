// Flow control of uploads: how much a client may send before a target reads it. A connection starts with HTTP/2's own
// small windows; once a target has read a window of it, the windows grow in steps, so that an upload from afar is not
// slowed down. What nobody reads makes the connection's window smaller again: memory is bounded for each connection, and for
// all together. A connection that stays open without an upload, as one with a WebSocket does, gives its windows back.
// Not here: reading and pausing (stream-request.ts).
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/** Counts what arrives on a stream with a body. The returned function is to be called when bytes of it are read. */
export type WatchUpload = (stream: ServerHttp2Stream) => (bytes: number) => void;

export function uploadWindows(session: ServerHttp2Session, pool: WindowPool): WatchUpload {
  /** What the pool has given, largest first. */
  const grants: number[] = [];
  /** Bytes that were read since the last grant. */
  let readBytes = 0;
  /** Bytes that have arrived and are not read. */
  let unread = 0;
  let uploads = 0;
  /** Undefined: it has not grown. */
  let connectionWindow: number | undefined;
  /** Bytes that were read since the last check. */
  let recent = 0;
  let check: NodeJS.Timeout | undefined;
  /** The most that the window of the connection may be; 0: it does not grow. */
  const granted = (): number => grants.reduce((sum, grant) => sum + grant, 0);
  const adjust = (): void => {
    const most = granted();
    if (session.destroyed || (most === 0 && connectionWindow === undefined)) return;
    if (most === 0) {
      connectionWindow = undefined;
      session.setLocalWindowSize(initialWindow);
      return;
    }
    const step = most / 8;
    // A connection may hold twice its window.
    const room = Math.max(0, 2 * most - unread);
    const wanted = Math.min(most, Math.floor(room / step) * step);
    if (wanted === connectionWindow) return;
    connectionWindow = wanted;
    session.setLocalWindowSize(wanted);
  };
  const resize = (): void => {
    if (session.destroyed) return;
    session.settings({ initialWindowSize: granted() / 2 || initialWindow });
    adjust();
  };
  const grow = (): void => {
    const grant = pool.take();
    readBytes = 0;
    if (grant === 0) return;
    grants.push(grant);
    check ??= setInterval(giveBackUnused, checkInterval).unref();
    resize();
  };
  /** Gives back all grants but the first `kept`. */
  const shrink = (kept: number): void => {
    for (const grant of grants.splice(kept)) pool.giveBack(grant);
  };
  const giveBackUnused = (): void => {
    const isUsed = recent >= mebibyte || unread > initialWindow;
    recent = 0;
    if (isUsed) return;
    clearInterval(check);
    check = undefined;
    readBytes = 0;
    shrink(0);
    resize();
  };
  session.once('close', () => {
    clearInterval(check);
    shrink(0);
  });
  return (stream) => {
    let waiting = 0;
    uploads += 1;
    const count = (bytes: number): void => {
      waiting += bytes;
      unread += bytes;
      adjust();
    };
    const push = stream.push.bind(stream);
    // node:http2 calls it for each part that arrives, also while the stream is paused
    stream.push = (chunk: Buffer | null) => {
      if (chunk !== null) count(chunk.length);
      return push(chunk);
    };
    stream.once('close', () => {
      uploads -= 1;
      count(-waiting);
      if (uploads > 0 || grants.length < 2) return;
      // an idle connection leaves the windows of a large upload to others
      shrink(1);
      resize();
    });
    return (bytes) => {
      count(-bytes);
      recent += bytes;
      if (grants.length === mostGrants || session.destroyed) return;
      readBytes += bytes;
      if (readBytes >= (grants.length === 0 ? initialWindow : mebibyte)) grow();
    };
  };
}

/** What the windows of all connections may add up to. */
export interface WindowPool {
  /** Bytes for the window of one connection; 0 if nothing is left. */
  take(): number;
  giveBack(bytes: number): void;
}

export function windowPool(): WindowPool {
  let left = poolSize;
  return {
    // the more connections upload, the less each of them gets
    take: () => {
      const share = Math.floor(left / shares / unit) * unit;
      left -= share;
      return share;
    },
    giveBack: (bytes) => {
      left += bytes;
    },
  };
}

/** Bytes; the size that every connection and every stream start with (RFC 9113, section 6.9.2). */
const initialWindow = 65_535;

const mebibyte = 1024 * 1024;

/** Bytes. As a connection may hold twice its window, uploads that nobody reads hold twice as much. */
const poolSize = 64 * mebibyte;

/** A connection gets an eighth of what is left with each grant: the first one 21 MB with three, and a stream half of that,
 * 100 MB/s at a round trip of 100 ms. */
const shares = 8;
const mostGrants = 3;

/** Milliseconds. A connection of which less than a mebibyte was read in this time needs no large windows. */
const checkInterval = 60_000;

/** Windows are multiples of this. */
const unit = mebibyte / 8;
