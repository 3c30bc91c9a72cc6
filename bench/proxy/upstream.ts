// The server behind the proxies in bench/proxy.ts: replies of three sizes. Prints its port when it listens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const bodies: Readonly<Record<string, Buffer>> = {
  '/small': Buffer.from('{"ok":true}'),
  '/64k': Buffer.alloc(64 * 1024, 'x'),
  '/1m': Buffer.alloc(1024 * 1024, 'x'),
};

const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  const body = bodies[/\/\w+$/.exec(req.url ?? '')?.[0] ?? ''] ?? bodies['/small'] ?? Buffer.alloc(0);
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
