// The server behind every forwarder in bench/forwarders.ts: GET /N responds with N bytes, POST with the number of bytes
// that it got, a WebSocket with every message. Prints its port when it
// listens. Its argument: the port, or 0
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const block = Buffer.alloc(1 << 20);

function receive(request: IncomingMessage, response: ServerResponse): void {
  let got = 0;
  request.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  request.once('end', () => {
    const body = String(got);
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  });
}

function send(response: ServerResponse, bytes: number): void {
  let left = bytes;
  response.setHeader('Content-Length', left);
  const more = () => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!response.write(part)) return response.once('drain', more);
    }
    return response.end();
  };
  more();
}

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  if (request.method === 'POST') receive(request, response);
  else send(response, Number(request.url?.slice(1)));
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});
// slirp4netns reaches only servers that listen on all addresses
server.listen(Number(process.argv[2]), '0.0.0.0', 1024, () =>
  console.log((server.address() as AddressInfo).port),
);
