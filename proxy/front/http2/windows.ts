// Flow control of uploads: how much a client may send before a target reads it. A connection starts with HTTP/2's own
// small windows; once a target has read a window of it, the windows grow, so that an upload from afar is not slowed
// down. Bytes that nobody reads make the connection's window smaller again, so that its memory is bounded.
// Not here: reading and pausing (stream-request.ts).
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/** Counts what arrives on a stream with a body. The returned function is to be called when bytes of it are read. */
export type WatchUpload = (stream: ServerHttp2Stream) => (bytes: number) => void;

export function uploadWindows(session: ServerHttp2Session): WatchUpload {
  let grown = false;
  let readBytes = 0;
  /** Bytes that have arrived and are not read. */
  let unread = 0;
  let connectionWindow = 0;
  const adjust = (): void => {
    if (!grown || session.destroyed) return;
    const room = Math.max(0, maxUnread - unread);
    const wanted = Math.min(grownConnectionWindow, room - (room % step));
    if (wanted === connectionWindow) return;
    connectionWindow = wanted;
    session.setLocalWindowSize(wanted);
  };
  const grow = (): void => {
    grown = true;
    session.settings({ initialWindowSize: grownStreamWindow });
    adjust();
  };
  return (stream) => {
    let waiting = 0;
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
    stream.once('close', () => count(-waiting));
    return (bytes) => {
      count(-bytes);
      readBytes += bytes;
      if (!grown && readBytes >= initialWindow && !session.destroyed) grow();
    };
  };
}

/** Bytes; the size that every connection and every stream start with (RFC 9113, section 6.9.2). */
const initialWindow = 65_535;

const mebibyte = 1024 * 1024;

/** Bytes of one stream: 40 MB/s at a round trip of 100 ms. */
const grownStreamWindow = 4 * mebibyte;

const grownConnectionWindow = 8 * mebibyte;

/** Bytes that a connection may have sent without a target reading them. */
const maxUnread = 16 * mebibyte;

/** Bytes; a smaller change of the connection's window is not worth a frame. */
const step = mebibyte;
