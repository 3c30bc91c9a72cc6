// Serves an extended CONNECT (--http2-websockets): passes it on as the upgrade of node:http that it would be over HTTP/1.1.
// Not here: its fields (upgrade-fields.ts), its socket (tunnel-socket.ts), routing (front/upgrades.ts).
import { randomBytes } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Logger } from '../../../config/logger.ts';
import { withoutQuery } from '../../telemetry/access-line.ts';
import type { RefusedFields, RequestFields } from './request-fields.ts';
import { type OnRead, takeFields } from './stream-request.ts';
import type { Peer } from './stream-socket.ts';
import { tunnelSocket } from './tunnel-socket.ts';
import { upgradeFields } from './upgrade-fields.ts';

export type ServeUpgrade = (req: IncomingMessage, socket: Socket) => void;

export interface TunnelOptions {
  readonly serveUpgrade: ServeUpgrade;
  /** A WebSocket has opened. */
  readonly onOpen: (stream: ServerHttp2Stream) => void;
  readonly log: Logger;
}

/** Returns why the request is refused, or undefined if it is served. */
export function serveTunnel(
  stream: ServerHttp2Stream,
  asked: RequestFields,
  peer: Peer,
  onRead: OnRead,
  { serveUpgrade, onOpen, log }: TunnelOptions,
): RefusedFields | undefined {
  const key = randomBytes(16).toString('base64');
  const read = upgradeFields(asked, stream.endAfterHeaders, key);
  if (read.status !== 200) return read;
  const socket = tunnelSocket(stream, peer, key, onRead, {
    onOpen: () => onOpen(stream),
    onUnsendable: (reason) => {
      log.error(
        `502 WS ${withoutQuery(read.path)} a response that opens no WebSocket over HTTP/2: ${reason}`,
      );
    },
  });
  const req = new IncomingMessage(socket);
  takeFields(req, read);
  serveUpgrade(req, socket);
  return undefined;
}
