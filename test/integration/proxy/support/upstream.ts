// Upstreams for tests: well-behaved ones on node:http, and strange ones that say exactly the bytes they are
// given over a raw socket. Both count their open sockets, so that leaks can be asserted.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';

export interface Upstream {
  readonly port: number;
  readonly url: string;
  /** Sockets that the proxy has not ended or reset. */
  readonly sockets: Set<Socket>;
  /** How many connections there ever were. */
  accepted(): number;
}

export async function httpUpstream(listener: RequestListener): Promise<Upstream & { server: Server }> {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, listener);
  // Node 22.23 and later refuse more than a thousand fields with 431, earlier ones drop the rest.
  server.maxHeadersCount = 0;
  return { ...(await listening(server)), server };
}

/** Calls `speak` with what each connection sends, as latin1 text so far, each time more comes. */
export async function rawUpstream(
  speak: (socket: Socket, received: string) => void,
  onConnection?: (socket: Socket) => void,
): Promise<Upstream> {
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    let received = '';
    onConnection?.(socket);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      speak(socket, received);
    });
  });
  return listening(server);
}

/** Answers every complete head with the same bytes. */
export function saying(answer: string): Promise<Upstream> {
  return rawUpstream((socket, received) => {
    if (received.endsWith('\r\n\r\n')) socket.write(answer, 'latin1');
  });
}

/** Answers what it was asked, as JSON. */
export function echoUpstream(): Promise<Upstream> {
  return httpUpstream(async (req, res) => {
    const body = await bodyOf(req);
    res.setHeader('Content-Type', 'application/json');
    res.end(
      JSON.stringify({
        method: req.method,
        url: req.url,
        rawHeaders: req.rawHeaders,
        headers: req.headers,
        body,
      }),
    );
  });
}

export async function bodyOf(message: Readable): Promise<string> {
  let body = '';
  for await (const chunk of message) body += String(chunk);
  return body;
}

async function listening(server: NetServer): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const all: Socket[] = [];
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    all.push(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => sockets.delete(socket));
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of all) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, sockets, accepted: () => accepted };
}
