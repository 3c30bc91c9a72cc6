// Handles requests with an Upgrade field: a WebSocket is forwarded; any other upgrade is ignored, and the request is
// served without it (RFC 9110 section 7.8).
// Not here: plain requests (requests.ts), the handshake (the engine).
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { applyTrust } from '../listen/trusted-proxies.ts';
import { withoutQuery } from '../telemetry/access-line.ts';
import type { AcceptBatch } from './flow/accept-batch.ts';
import type { PipelineQueue } from './flow/pipeline.ts';
import type { FrontParts } from './requests.ts';
import { resolve } from './resolve.ts';
import { refusal } from './validate.ts';

/** Whether the request asks for a WebSocket; HTTP/1.0 has no upgrades. */
export function isWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.httpVersion === '1.1' && /^websocket$/i.test(req.headers.upgrade ?? '');
}

export function upgradeHandler(
  server: Server,
  parts: FrontParts,
  acceptBatch: AcceptBatch,
  queue: PipelineQueue,
): (req: IncomingMessage, socket: Socket, head: Buffer) => void {
  const { table, engine, counters, log, options, access, trusted } = parts;
  return (req, socket, head) => {
    // node:http has removed its own listener: without this one, a reset would end the process.
    socket.on('error', () => socket.destroy());
    const logStatus = isWebSocket(req) ? access?.onUpgrade(req, socket) : undefined;
    const begin = (): void => {
      // The socket ended while the upgrade was queued; its 'end' event has passed already.
      if (socket.readableEnded) {
        socket.destroy();
        return;
      }
      serve(req, socket, head, logStatus);
      socket.resume();
    };
    queue.takeOver(socket, () => acceptBatch.serve(socket, begin));
  };

  function serve(
    req: IncomingMessage,
    socket: Socket,
    head: Buffer,
    logStatus: ((status: number) => void) | undefined,
  ): void {
    if (!isWebSocket(req)) {
      serveWithoutUpgrade(server, req, socket, head);
      return;
    }
    const refused = refusal(req);
    if (refused !== undefined || hasBody(req)) {
      refuse(refused?.status ?? 400, refused?.reason ?? 'an upgrade request with a body');
      return;
    }
    counters.websockets++;
    if (trusted !== undefined) applyTrust(req, trusted, options.xForward);
    const found = resolve(req, table, options);
    if (found.status !== 200) {
      refuse(found.status, found.reason);
      return;
    }
    const { route } = found;
    log.debug(`PROXY WS ${withoutQuery(req.url)} to ${found.target.url}`);
    socket.setTimeout(0);
    engine.upgrade(req, socket, head, {
      target: found.target,
      path: found.path,
      onActivity: () => table.touch(route),
      onForwarded: (status) => {
        counters.onResponse(status);
        logStatus?.(status);
      },
      onFailed: (failure) => {
        if (failure.started) log.error(`WS ${withoutQuery(req.url)} cut: ${failure.reason}`);
        else refuse(failure.status, failure.reason);
      },
    });

    function refuse(status: number, reason: string): void {
      counters.onResponse(status);
      logStatus?.(status);
      log.error(`${status} WS ${withoutQuery(req.url)} ${reason}`);
      if (socket.destroyed) return;
      const text = STATUS_CODES[status] ?? 'Error';
      socket.end(`HTTP/1.1 ${status} ${text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      socket.destroySoon();
    }
  }
}

function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/** Pushes the request back onto the socket without its Upgrade field, so that node:http parses it again with its body. */
function serveWithoutUpgrade(server: Server, req: IncomingMessage, socket: Socket, head: Buffer): void {
  let text = `${req.method} ${req.url} HTTP/${req.httpVersion}\r\n`;
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const name = req.rawHeaders[at] ?? '';
    if (!/^(?:upgrade|http2-settings)$/i.test(name)) text += `${name}: ${req.rawHeaders[at + 1]}\r\n`;
  }
  socket.removeAllListeners('error');
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}
