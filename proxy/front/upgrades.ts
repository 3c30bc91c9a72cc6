// What happens when a client asks for an upgrade: a WebSocket is passed on; any other upgrade is not ours to
// make, and the request is served as if it had not asked (RFC 9110 section 7.8).
// Not here: plain requests (requests.ts), the handshake itself (the engine).
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { applyTrust } from '../listen/trusted-proxies.ts';
import { withoutQuery } from '../telemetry/access-line.ts';
import type { Arrivals } from './flow/accept-batch.ts';
import type { Turns } from './flow/pipeline.ts';
import type { FrontParts } from './requests.ts';
import { resolve } from './resolve.ts';
import { refusal } from './validate.ts';

/** Whether the request asks for a WebSocket; HTTP/1.0 knows no upgrades. */
export function isWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.httpVersion === '1.1' && /^websocket$/i.test(req.headers.upgrade ?? '');
}

export function upgradeHandler(
  server: Server,
  parts: FrontParts,
  arrivals: Arrivals,
  turns: Turns,
): (req: IncomingMessage, socket: Socket, head: Buffer) => void {
  const { table, engine, counters, log, options, access, trusted } = parts;
  return (req, socket, head) => {
    // From here on nobody else listens: without this, a reset would end the process.
    socket.on('error', () => socket.destroy());
    const logStatus = isWebSocket(req) ? access?.onUpgrade(req, socket) : undefined;
    const begin = (): void => {
      // While it waited nobody listened: its end would never be heard of again.
      if (socket.readableEnded) {
        socket.destroy();
        return;
      }
      serve(req, socket, head, logStatus);
      socket.resume();
    };
    turns.takeOver(socket, () => arrivals.serve(socket, begin));
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
      refuse(refused?.status ?? 400, refused?.reason ?? 'a body with an upgrade');
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
      onAnswered: (status) => {
        counters.answered(status);
        logStatus?.(status);
      },
      onFailed: (failure) => {
        if (failure.started) log.error(`WS ${withoutQuery(req.url)} cut: ${failure.reason}`);
        else refuse(failure.status, failure.reason);
      },
    });

    function refuse(status: number, reason: string): void {
      counters.answered(status);
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

/** Puts the request back, less its Upgrade, so that node:http reads it again with its body. */
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
