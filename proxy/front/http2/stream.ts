// Serves an HTTP/2 stream as a connection with one HTTP/1.1 request, so that parser, validation, routing and relay are
// the same for both versions. A message that is cut on one side is cut on the other.
// Not here: sessions (sessions.ts), fields of either version (fields.ts).
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { connectionPair } from './connection-pair.ts';
import { informationFields, readRequestFields, responseFields, trailerFields } from './fields.ts';

/** `fields` alternates names and values; `socket` is the connection of the stream. */
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
  const request = startRequest({ method, path, headers, setHost: false, createConnection: () => near });
  stream.once('close', () => request.destroy());
  // the client has disconnected: pending writes would never complete
  stream.once('aborted', () => stream.destroy());
  request.on('information', (info) => {
    orDestroy(stream, () => {
      if (!stream.headersSent && !stream.closed) stream.additionalHeaders(informationFields(info));
    });
  });
  request.once('response', (response) => forwardResponse(response, request, stream));
  // the connection was cut before the response: cut the stream too
  request.on('error', (error) => stream.destroy(error));
  serve(far);
  if (hasBody) forwardBody(stream, request);
  else request.end();
}

/** 'end' is emitted for a cut stream as for a complete one: the stream's flags tell them apart. */
function forwardBody(stream: ServerHttp2Stream, request: ClientRequest): void {
  stream.pipe(request, { end: false });
  stream.once('end', () => {
    if (stream.closed || stream.aborted || stream.destroyed) request.destroy();
    else request.end();
  });
}

function forwardResponse(response: IncomingMessage, request: ClientRequest, stream: ServerHttp2Stream): void {
  // not close(): that would first end the stream as if the response were complete
  response.once('error', (error) => {
    request.destroy();
    stream.destroy(error);
  });
  const { statusCode = 502 } = response;
  const isEmpty = request.method === 'HEAD' || withoutBody.has(statusCode);
  const waitForTrailers = !isEmpty && response.headers.trailer !== undefined;
  const fields = responseFields(response);
  if (statusesWithoutLength.has(statusCode)) delete fields['content-length'];
  try {
    stream.respond(fields, { endStream: isEmpty, waitForTrailers });
  } catch {
    // the client has disconnected, or a field is not allowed in HTTP/2
    response.resume();
    refuse(stream, 502);
    return;
  }
  stream.once('wantTrailers', () => orDestroy(stream, () => stream.sendTrailers(trailerFields(response))));
  if (isEmpty) response.resume();
  else response.pipe(stream);
}

/** Sends a response without a body. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  orDestroy(stream, () => {
    if (stream.headersSent || stream.closed) stream.destroy();
    else stream.respond({ ':status': status }, { endStream: true });
  });
}

/** node:http2 throws for fields that are not allowed, and for a stream that has just ended. */
function orDestroy(stream: ServerHttp2Stream, work: () => void): void {
  try {
    work();
  } catch (error) {
    stream.destroy(error as Error);
  }
}

/** The socket properties that node:http and the proxy read; the http-proxy library reads `pair` as "is encrypted". */
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
/** A Content-Length there would describe the empty body, and be wrong. */
const statusesWithoutLength = new Set([204, 205]);
