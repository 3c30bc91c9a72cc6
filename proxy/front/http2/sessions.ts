// HTTP/2 sessions (--http2): limits, idle timeout, and detection of clients that are gone. WebSockets stay on HTTP/1.1:
// browsers open a separate connection for them.
// Not here: the TLS listener that negotiates (server.ts), requests (stream.ts).
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { destroyLater } from '../../http/destroy-later.ts';
import { serveStream } from './stream.ts';

export interface Http2Limits {
  /** Bytes of a request's header section. */
  readonly maxHead: number;
  /** Milliseconds that a connection without streams is kept. */
  readonly keepAliveTimeout: number;
}

export interface Http2Sessions {
  /** Serves a connection that has negotiated HTTP/2. */
  accept(socket: TLSSocket): void;
  /** Lets streams end, and no new ones begin. */
  drain(): void;
}

/** Calls `serve` with a connection for each stream. The listener destroys the sockets when it closes. */
export function http2Sessions(serve: (connection: Duplex) => void, limits: Http2Limits): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  const accept = (socket: TLSSocket): void => {
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: mostFields,
      settings: { maxConcurrentStreams: mostStreams, maxHeaderListSize: limits.maxHead },
    });
    sessions.add(session);
    // node:http2 waits for the client to close the socket of an ended session, and a client may never do so
    session.once('close', () => {
      sessions.delete(session);
      destroyLater(socket, closeTime);
    });
    session.on('error', () => session.destroy());
    keepWhileUsed(session, socket, limits.keepAliveTimeout);
    session.on('stream', (stream: ServerHttp2Stream, _named: object, _flags: number, fields: string[]) =>
      serveStream(stream, fields, socket, serve),
    );
  };
  return {
    accept,
    drain: () => {
      for (const session of sessions) session.close();
    },
  };
}

/** Closes an idle session; while streams are open, a ping checks that the client is still connected. */
function keepWhileUsed(session: ServerHttp2Session, socket: TLSSocket, keepAliveTimeout: number): void {
  let streams = 0;
  session.setTimeout(keepAliveTimeout);
  session.on('stream', (stream: ServerHttp2Stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
      if (streams === 0 && !session.destroyed) session.setTimeout(keepAliveTimeout);
    });
  });
  session.on('timeout', () => {
    if (streams === 0) {
      session.close();
      return;
    }
    // after a protocol error node:http2 stops reading and reports nothing
    const callOff = destroyLater(socket, keepAliveTimeout);
    const answered = (error: Error | null): void => {
      callOff();
      if (error !== null) socket.destroy();
      else if (!session.destroyed) session.setTimeout(keepAliveTimeout);
    };
    if (!session.ping(answered)) socket.destroy();
  });
}

/** node:http's own default. */
const mostFields = 2000;
/** nginx's limit. */
const mostStreams = 128;
/** Milliseconds. */
const closeTime = 2_000;
