// Serves one HTTP/2 stream: reads its fields, and passes it on as a request and a response of node:http.
// Not here: sessions (sessions.ts), the two messages (stream-request.ts, stream-response.ts), WebSockets (tunnel.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Logger } from '../../../config/logger.ts';
import { withoutQuery } from '../../telemetry/access-line.ts';
import { type RefusedFields, readRequestFields } from './request-fields.ts';
import { type OnRead, StreamRequest } from './stream-request.ts';
import { StreamResponse } from './stream-response.ts';
import type { Peer } from './stream-socket.ts';
import { serveTunnel, type TunnelOptions } from './tunnel.ts';

export type Serve = (req: IncomingMessage, res: ServerResponse) => void;

export interface StreamOptions {
  readonly serve: Serve;
  /** Undefined: no client may send an extended CONNECT, and node:http2 resets the stream of one that does. */
  readonly tunnels: TunnelOptions | undefined;
  readonly maxHead: number;
  readonly log: Logger;
}

/** `fields` alternates names and values; `maxHead` is the limit of their size in bytes. */
export function serveStream(
  stream: ServerHttp2Stream,
  fields: readonly string[],
  peer: Peer,
  onRead: OnRead,
  { serve, tunnels, maxHead, log }: StreamOptions,
): void {
  const read = readRequestFields(fields, stream.endAfterHeaders, maxHead);
  if (read.status !== 200) {
    refuse(read);
    return;
  }
  if (read.protocol !== undefined && tunnels !== undefined) {
    const refused = serveTunnel(stream, read, peer, onRead, tunnels);
    if (refused !== undefined) refuse(refused);
    return;
  }
  const req = new StreamRequest(stream, read, peer, onRead);
  const res = new StreamResponse(req, stream, (reason) =>
    log.error(
      `502 ${read.method} ${withoutQuery(read.path)} a response that HTTP/2 does not allow: ${reason}`,
    ),
  );
  const { expect } = req.headers;
  // as node:http
  if (expect !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(expect)) res.writeHead(417).end();
  else serve(req, res);

  function refuse({ status, reason }: RefusedFields): void {
    log.warn(`${status} HTTP/2 ${peer.remoteAddress ?? ''} ${reason}`);
    stream.respond({ ':status': status }, { endStream: true });
    stream.resume();
  }
}
