// The listener of --redirect-port: redirects HTTP requests to the same address on HTTPS.
// Not here: the HTTPS listener (front/server.ts).
import { createServer, type Server } from 'node:http';

export function createRedirect(toPort: number): Server {
  return createServer({ requestTimeout: 30_000 }, (req, res) => {
    const { host } = req.headers;
    if (host === undefined || !/^[\w.:[\]-]+$/.test(host)) {
      res.writeHead(400).end('This server only redirects to HTTPS, and needs a valid Host header.');
      return;
    }
    const name = host.replace(/:\d*$/, '');
    const port = toPort === 443 ? '' : `:${toPort}`;
    const path = req.url?.startsWith('/') ? req.url : '/';
    res.writeHead(301, { Location: `https://${name}${port}${path}` }).end();
  });
}
