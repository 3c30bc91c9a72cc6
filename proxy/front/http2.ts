// HTTP/2 for browsers (--http2): each stream is handed on as a connection with one HTTP/1.1 request, so that parser,
// refusals, routing and relay are the same for both, and nothing is decided twice. WebSockets stay with HTTP/1.1,
// which browsers open for them by themselves.
// Not here: the TLS listener that negotiates (server.ts), fields of either version (http2Fields.ts).
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { connectionPair } from './connectionPair.ts';
import { answerFields, informationFields, readRequestFields } from './http2Fields.ts';

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
  close(): void;
}

/** `serve` is given a connection for each stream. */
export function http2Sessions(serve: (connection: Duplex) => void, limits: Http2Limits): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  const accept = (socket: TLSSocket): void => {
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: mostFields,
      settings: { maxConcurrentStreams: mostStreams, maxHeaderListSize: limits.maxHead },
    });
    sessions.add(session);
    let streams = 0;
    session.on('error', () => session.destroy());
    session.once('close', () => sessions.delete(session));
    session.setTimeout(limits.keepAliveTimeout, () => {
      if (streams === 0) session.close();
    });
    session.on('stream', (stream: ServerHttp2Stream, _named: object, _flags: number, fields: string[]) => {
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
      });
      handOn(stream, fields, socket, serve);
    });
  };
  return {
    accept,
    drain: () => {
      for (const session of sessions) session.close();
    },
    close: () => {
      for (const session of sessions) session.destroy();
    },
  };
}

function handOn(
  stream: ServerHttp2Stream,
  fields: string[],
  socket: TLSSocket,
  serve: (connection: Duplex) => void,
) {
  stream.on('error', () => undefined);
  const read = readRequestFields(fields, stream.endAfterHeaders);
  if (read.status !== 200) {
    stream.respond({ ':status': read.status }, { endStream: true });
    stream.close();
    return;
  }
  const { near, far } = connectionPair();
  Object.assign(far, asSocket(socket, stream));
  const { method, path, headers, hasBody } = read;
  const asked = startRequest({
    method,
    path,
    headers,
    setHost: false,
    createConnection: () => near,
  });
  stream.once('close', () => asked.destroy());
  // the client has left: what is still to be written would wait for it
  stream.once('aborted', () => stream.destroy());
  asked.on('information', (info) => {
    if (!stream.headersSent && !stream.destroyed) stream.additionalHeaders(informationFields(info));
  });
  asked.once('response', (answer) => passOn(answer, asked, stream));
  // the connection was cut before an answer: so is the stream
  asked.on('error', (error) => stream.destroy(error));
  serve(far);
  if (hasBody) stream.pipe(asked);
  else asked.end();
}

/** What a server asks of the connection of a client; `pair` is how the library asks whether it is encrypted. */
function asSocket({ remoteAddress, remotePort, remoteFamily }: TLSSocket, stream: ServerHttp2Stream): object {
  const setTimeout = (milliseconds: number) => {
    stream.setTimeout(milliseconds, () => stream.destroy());
  };
  return {
    remoteAddress,
    remotePort,
    remoteFamily,
    encrypted: true,
    pair: true,
    alpnProtocol: 'h2',
    setTimeout,
  };
}

function passOn(answer: IncomingMessage, asked: ClientRequest, stream: ServerHttp2Stream): void {
  // not close(): that would first end the stream as if the answer were whole
  const cut = (error: Error): void => {
    asked.destroy();
    stream.destroy(error);
  };
  answer.once('error', cut);
  try {
    stream.respond(answerFields(answer), { waitForTrailers: answer.headers.trailer !== undefined });
  } catch (error) {
    cut(error as Error); // the client has left, or there are fields that HTTP/2 does not allow
    return;
  }
  stream.once('wantTrailers', () => stream.sendTrailers(answer.trailers));
  answer.pipe(stream);
}

/** As node:http's own default. */
const mostFields = 2000;
/** What nginx allows. */
const mostStreams = 128;
