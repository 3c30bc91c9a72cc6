// Responds to a request that node:http's parser rejects: first the responses to earlier requests of the connection,
// then the error response, then the close.
// Not here: requests that the parser accepts but we reject (validate.ts).
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../config/logger.ts';
import { destroyLater } from '../http/destroy-later.ts';
import type { PipelineQueue } from './flow/pipeline.ts';

/** The handler of the 'clientError' event. */
export function badRequestHandler(queue: PipelineQueue, log: Logger): (error: Error, socket: Socket) => void {
  /** The parser repeats its error with every further chunk. */
  const refused = new WeakSet<Socket>();
  return (error, socket) => {
    const code = 'code' in error ? String(error.code) : '';
    const parsed = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (!parsed || socket.readableEnded) {
      socket.destroy();
      return;
    }
    if (refused.has(socket)) return;
    refused.add(socket);
    const { remoteAddress = '' } = socket;
    log.warn(`${statusOf(code)} HTTP/1.1 ${remoteAddress} ${reasons[code] ?? `malformed request: ${code}`}`);
    const current = queue.current(socket);
    if (current === undefined || current.req.complete) queue.after(socket, () => refuse(socket, code));
    // The error is in the body of the current request.
    else if (current.res.headersSent) socket.destroy();
    else refuse(socket, code);
  };
}

function refuse(socket: Socket, code: string): void {
  const status = statusOf(code);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  // Closing with unread bytes would reset the connection, and the client would lose the response.
  destroyLater(socket, lingerTime);
  socket.resume();
}

function statusOf(code: string): number {
  return statuses[code] ?? 400;
}

const reasons: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'the header section takes too long',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'a chunk extension is too large',
  HPE_HEADER_OVERFLOW: 'the header section is too large',
};

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** Milliseconds. */
const lingerTime = 2000;
