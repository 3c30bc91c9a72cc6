// The server behind the proxies: replies of three sizes, or of the size in the path, and the size of an upload. Prints
// its port when it listens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const bodies: Readonly<Record<string, Buffer>> = {
  '/small': Buffer.from('{"ok":true}'),
  '/64k': Buffer.alloc(64 * 1024, 'x'),
  '/1m': Buffer.alloc(1024 * 1024, 'x'),
};

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (req, res) => {
  if (req.method === 'PUT') {
    let size = 0;
    req.on('data', (part: Buffer) => {
      size += part.length;
    });
    req.on('end', () => res.end(`${size}`));
    return;
  }
  const size = Number(/^\/(\d+)$/.exec(req.url ?? '')?.[1] ?? 0);
  if (size > 0) {
    res.writeHead(200, { 'Content-Length': size }).end(Buffer.alloc(size, 'x'));
    return;
  }
  const body = bodies[/\/\w+$/.exec(req.url ?? '')?.[0] ?? ''] ?? bodies['/small'] ?? Buffer.alloc(0);
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
