// What a client gets that sent something which node:http's parser refuses: the answers to what it sent
// before, then the refusal, then the end.
// Not here: what the parser lets through and is refused all the same (validate.ts).
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { destroyLater } from '../http/destroy-later.ts';
import type { Turns } from './flow/pipeline.ts';

/** The handler of the 'clientError' event. */
export function badRequestHandler(turns: Turns): (error: Error, socket: Socket) => void {
  /** The parser says it again with every further piece. */
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
    const current = turns.current(socket);
    if (current === undefined || current.req.complete) turns.after(socket, () => refuse(socket, code));
    // It is the body of the request that is being answered.
    else if (current.res.headersSent) socket.destroy();
    else refuse(socket, code);
  };
}

function refuse(socket: Socket, code: string): void {
  const status = statuses[code] ?? 400;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  // Closed with bytes unread, the connection would be reset under the answer.
  destroyLater(socket, lingerTime);
  socket.resume();
}

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** Milliseconds. */
const lingerTime = 2000;
