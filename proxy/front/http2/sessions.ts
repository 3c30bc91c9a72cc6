// HTTP/2 for browsers (--http2): the connections, how long they are kept, and that none outlives its client.
// WebSockets stay with HTTP/1.1, which browsers open for them by themselves.
// Not here: the TLS listener that negotiates (server.ts), what is asked on a connection (stream.ts).
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { destroyLater } from '../../http/destroy-later.ts';
import { serveStream } from './stream.ts';

export interface Http2Limits {
  /** Bytes of a request's fields. */
  readonly maxHead: number;
  /** Milliseconds that a connection without streams is kept. */
  readonly keepAliveTimeout: number;
}

export interface Http2Sessions {
  /** Takes a connection that has negotiated HTTP/2. */
  accept(socket: TLSSocket): void;
  /** Lets streams end, and no new ones begin. */
  drain(): void;
}

/** `serve` is given a connection for each stream. Sockets are their listener's to destroy when it closes. */
export function http2Sessions(serve: (connection: Duplex) => void, limits: Http2Limits): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  const accept = (socket: TLSSocket): void => {
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: mostFields,
      settings: { maxConcurrentStreams: mostStreams, maxHeaderListSize: limits.maxHead },
    });
    sessions.add(session);
    // node:http2 leaves the socket of a session that has ended to the client, who may never close it
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

/** Closes it when it has been idle; while it waits for answers, asks whether its client is still there. */
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
    // after an error of the protocol node:http2 reads no more, and says nothing
    const callOff = destroyLater(socket, keepAliveTimeout);
    const answered = (error: Error | null): void => {
      callOff();
      if (error !== null) socket.destroy();
      else if (!session.destroyed) session.setTimeout(keepAliveTimeout);
    };
    if (!session.ping(answered)) socket.destroy();
  });
}

/** As node:http's own default. */
const mostFields = 2000;
/** What nginx allows. */
const mostStreams = 128;
/** Milliseconds. */
const closeTime = 2_000;
