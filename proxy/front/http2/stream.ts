// A stream of HTTP/2: handed on as a connection with one HTTP/1.1 request, so that parser, refusals, routing and relay
// are the same for both, and nothing is decided twice. Whatever is cut on one side is cut on the other.
// Not here: sessions (sessions.ts), fields of either version (fields.ts).
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { connectionPair } from './connection-pair.ts';
import { answerFields, informationFields, readRequestFields, trailerFields } from './fields.ts';

/** `fields`: names and values in turn; `socket`: whose stream it is. */
export function serveStream(
  stream: ServerHttp2Stream,
  fields: string[],
  socket: TLSSocket,
  serve: (connection: Duplex) => void,
): void {
  stream.on('error', () => undefined);
  const read = readRequestFields(fields, stream.endAfterHeaders);
  if (read.status !== 200) {
    refuse(stream, read.status);
    return;
  }
  const { near, far } = connectionPair();
  Object.assign(far, asSocket(socket, stream, far));
  const { method, path, headers, hasBody } = read;
  const asked = startRequest({ method, path, headers, setHost: false, createConnection: () => near });
  stream.once('close', () => asked.destroy());
  // the client has left: what is still to be written would wait for it
  stream.once('aborted', () => stream.destroy());
  asked.on('information', (info) => {
    orDestroy(stream, () => {
      if (!stream.headersSent && !stream.closed) stream.additionalHeaders(informationFields(info));
    });
  });
  asked.once('response', (answer) => passOn(answer, asked, stream));
  // the connection was cut before an answer: so is the stream
  asked.on('error', (error) => stream.destroy(error));
  serve(far);
  if (hasBody) passBody(stream, asked);
  else asked.end();
}

/** A stream that is cut ends like one that is complete, to whom only listens for the end. */
function passBody(stream: ServerHttp2Stream, asked: ClientRequest): void {
  stream.pipe(asked, { end: false });
  stream.once('end', () => {
    if (stream.closed || stream.aborted || stream.destroyed) asked.destroy();
    else asked.end();
  });
}

function passOn(answer: IncomingMessage, asked: ClientRequest, stream: ServerHttp2Stream): void {
  // not close(): that would first end the stream as if the answer were whole
  answer.once('error', (error) => {
    asked.destroy();
    stream.destroy(error);
  });
  const { statusCode = 502 } = answer;
  const isEmpty = asked.method === 'HEAD' || withoutBody.has(statusCode);
  const waitForTrailers = !isEmpty && answer.headers.trailer !== undefined;
  const fields = answerFields(answer);
  if (statusesWithoutLength.has(statusCode)) delete fields['content-length'];
  try {
    stream.respond(fields, { endStream: isEmpty, waitForTrailers });
  } catch {
    // the client has left, or there are fields that HTTP/2 does not allow
    answer.resume();
    refuse(stream, 502);
    return;
  }
  stream.once('wantTrailers', () => orDestroy(stream, () => stream.sendTrailers(trailerFields(answer))));
  if (isEmpty) answer.resume();
  else answer.pipe(stream);
}

/** Answers without a body. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  orDestroy(stream, () => {
    if (stream.headersSent || stream.closed) stream.destroy();
    else stream.respond({ ':status': status }, { endStream: true });
  });
}

/** node:http2 throws for fields that it does not allow, and for a stream that has just ended. */
function orDestroy(stream: ServerHttp2Stream, work: () => void): void {
  try {
    work();
  } catch (error) {
    stream.destroy(error as Error);
  }
}

/** What a server asks of the connection of a client; `pair` is how the library asks whether it is encrypted. */
function asSocket(
  { remoteAddress, remotePort, remoteFamily }: TLSSocket,
  stream: ServerHttp2Stream,
  far: Duplex,
): object {
  stream.on('timeout', () => stream.destroy());
  return {
    ...{ remoteAddress, remotePort, remoteFamily, encrypted: true, pair: true, alpnProtocol: 'h2' },
    setTimeout: (milliseconds: number) => void stream.setTimeout(milliseconds),
    destroySoon: () => void far.end(() => far.destroy()),
  };
}

const withoutBody = new Set([204, 205, 304]);
/** A length would be one of this answer itself, and wrong. */
const statusesWithoutLength = new Set([204, 205]);
