// HTTP/2 connections (--http2): limits, and the streams of a connection.
// Not here: the TLS listener that negotiates (server.ts), one stream (stream.ts), idle connections (silence.ts), flow
// control (windows.ts).
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../../../config/logger.ts';
import { destroyLater } from '../../http/destroy-later.ts';
import { watchStalledClients } from '../../http/stalled-clients.ts';
import { resetBudget } from './reset-budget.ts';
import { watchSilence } from './silence.ts';
import { type Serve, serveStream } from './stream.ts';
import type { ServeUpgrade } from './tunnel.ts';
import { uploadWindows, windowPool } from './windows.ts';

export interface Http2Options {
  /** Bytes of a header section. */
  readonly maxHead: number;
  /** Milliseconds that a connection without streams is kept. */
  readonly keepAliveTimeout: number;
  readonly serve: Serve;
  /** Undefined: WebSockets stay on HTTP/1.1, and browsers open a separate connection for each. */
  readonly serveUpgrade: ServeUpgrade | undefined;
  readonly log: Logger;
}

export interface Http2Sessions {
  /** Serves a connection that has negotiated HTTP/2. */
  accept(socket: TLSSocket): void;
  /** Whether the connection has open streams. */
  isBusy(socket: Socket): boolean;
  /** Number of open WebSockets over HTTP/2. */
  webSockets(): number;
  /** Lets streams end, and no new ones begin. */
  drain(): void;
}

/** The listener destroys the sockets when it closes. */
export function http2Sessions(options: Http2Options): Http2Sessions {
  const { maxHead, keepAliveTimeout, serve, serveUpgrade, log } = options;
  const sessions = new Set<ServerHttp2Session>();
  const streamsOf = new WeakMap<Socket, Set<ServerHttp2Stream>>();
  const stalled = watchStalledClients();
  const pool = windowPool();
  let webSockets = 0;
  const onOpen = (stream: ServerHttp2Stream): void => {
    webSockets++;
    stream.once('close', () => webSockets--);
  };
  const tunnels = serveUpgrade && { serveUpgrade, onOpen, log };
  const streamOptions = { serve, tunnels, maxHead, log };
  const accept = (socket: TLSSocket): void => {
    const { remoteAddress, remotePort, remoteFamily } = socket;
    const peer = { remoteAddress, remotePort, remoteFamily };
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: Math.ceil(hardLimit(maxHead) / overhead),
      maxSendHeaderBlockLength: hardLimit(maxHead),
      maxSessionMemory: mostMemory,
      settings: {
        maxConcurrentStreams: mostStreams,
        maxHeaderListSize: hardLimit(maxHead),
        ...(tunnels === undefined ? {} : { enableConnectProtocol: true }),
      },
    });
    const streams = new Set<ServerHttp2Stream>();
    streamsOf.set(socket, streams);
    sessions.add(session);
    // node:http2 waits for the client to close the socket of an ended session, and a client may never do so
    session.once('close', () => {
      sessions.delete(session);
      destroyLater(socket, closeTime);
    });
    session.on('error', (error) => {
      session.destroy();
      // among them node:http2's own limits, which a flood may reach first; not a connection that was reset
      if ('code' in error && String(error.code).startsWith('ERR_HTTP2')) {
        log.warn(
          `HTTP/2 ${remoteAddress ?? ''} breaks the protocol (${error.message}): its connection is closed`,
        );
      }
    });
    watchSilence(session, socket, () => streams.size, keepAliveTimeout, stalled);
    const watchUpload = uploadWindows(session, pool);
    const spendReset = resetBudget();
    let isFlooding = false;
    const onFlood = (): void => {
      isFlooding = true;
      log.warn(`HTTP/2 ${remoteAddress ?? ''} resets too many requests: its connection is closed`);
      // at once: node:http2 may be about to parse thousands of requests more
      session.destroy(new Error('too many resets'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    };
    session.on('stream', (stream: ServerHttp2Stream, _named: object, _flags: number, fields: string[]) => {
      streams.add(stream);
      stream.once('close', () => {
        streams.delete(stream);
        if (streams.size === 0 && !session.destroyed) session.setTimeout(keepAliveTimeout);
      });
      stream.on('error', () => undefined);
      // the client has reset it: pending writes would never complete
      stream.once('aborted', () => {
        stream.destroy();
        if (!isFlooding && !session.destroyed && !spendReset()) onFlood();
      });
      const onRead = stream.endAfterHeaders ? () => undefined : watchUpload(stream);
      // in the next turn: a request that is reset at once costs nothing
      setImmediate(() => {
        if (stream.destroyed || stream.aborted || isFlooding) return;
        serveStream(stream, fields, peer, onRead, streamOptions);
      });
    });
  };
  return {
    accept,
    isBusy: (socket) => (streamsOf.get(socket)?.size ?? 0) > 0,
    webSockets: () => webSockets,
    drain: () => {
      for (const session of sessions) session.close();
    },
  };
}

/** Above it node:http2 resets a stream without a response; below it, and above the limit, the response is 431. */
function hardLimit(maxHead: number): number {
  return 4 * maxHead;
}

/** Bytes that HTTP/2 adds to each field when it counts them (RFC 9113, section 6.5.2). */
const overhead = 32;
/** Megabytes above which node:http2 refuses new streams: what unread uploads and slow downloads hold at most is less. */
const mostMemory = 64;
/** nginx's limit. */
const mostStreams = 128;
/** Milliseconds. */
const closeTime = 2_000;
