// Ends a stream before its client does.
// Not here: when (stream-response.ts, tunnel-socket.ts).
import { constants, type ServerHttp2Stream } from 'node:http2';

/** Tells the client that the rest of its request is not needed (RFC 9113, section 8.1), after the end of the response. */
export function stopSending(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return;
  // a reset would overtake an end that still waits for the socket
  if (stream.state.localClose === 0) setTimeout(() => stopSending(stream), endInterval);
  else stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Resets a stream, at once and without its end. */
export function cancel(stream: ServerHttp2Stream): void {
  // without it node:http2 emits 'aborted', as if the client had reset the stream; the reset overtakes it
  stream.end();
  stream.close(constants.NGHTTP2_CANCEL);
}

/** Milliseconds. */
const endInterval = 50;
