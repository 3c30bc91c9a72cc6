import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { createServer, type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { certificates } from '../support/certificates.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { bodyOf, echoUpstream } from '../support/upstream.ts';

const certs = certificates();
const server = certs.issue('server', 'DNS:localhost,IP:127.0.0.1');
const client = certs.issue('client', 'DNS:client');
const other = certs.issue('other', 'DNS:other.example');
const ca = readFileSync(certs.ca);

async function get(options: RequestOptions & { plain?: boolean }): Promise<{ status: number; body: string }> {
  const asked = (options.plain ? requestPlain : request)({ host: '127.0.0.1', ca, agent: false, ...options });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await bodyOf(answer) };
}

/** A server that demands a certificate of our authority, as an internal-SSL hub's users have. */
async function tlsUpstream(pair: { key: string; cert: string }, requestCert: boolean) {
  const upstream = createServer({
    key: readFileSync(pair.key),
    cert: readFileSync(pair.cert),
    ca,
    requestCert,
  });
  upstream.on('request', (req, res) =>
    res.end(`${(req.socket as TLSSocket).getPeerCertificate().subject?.CN}`),
  );
  const wss = new WebSocketServer({ server: upstream });
  wss.on('connection', (ws) => ws.send('hello'));
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  onTestFinished(() => {
    for (const ws of wss.clients) ws.terminate();
    upstream.close();
    upstream.closeAllConnections();
  });
  return (upstream.address() as AddressInfo).port;
}

forEachEngine(() => {
  test('the public listener and the API speak TLS, and say so to the target', async () => {
    const upstream = await echoUpstream();
    const argv = ['', 'api-'].flatMap((side) => [
      `--${side}ssl-key`,
      server.key,
      `--${side}ssl-cert`,
      server.cert,
    ]);
    const proxy = await startedProxy([...argv, '--default-target', upstream.url]);
    const seen = JSON.parse((await get({ port: proxy.port })).body);
    expect(seen.headers['x-forwarded-proto']).toBe('https');
    const routes = await get({
      port: proxy.apiPort,
      path: '/api/routes',
      headers: { Authorization: 'token secret' },
    });
    expect(JSON.parse(routes.body)).toMatchObject({ '/': { target: upstream.url } });
  });

  test('an API that demands client certificates refuses whoever has none', async () => {
    const flags = ['--api-ssl-key', server.key, '--api-ssl-cert', server.cert, '--api-ssl-ca', certs.ca];
    const proxy = await startedProxy([...flags, '--api-ssl-request-cert', '--api-ssl-reject-unauthorized']);
    const path = { port: proxy.apiPort, path: '/api/routes', headers: { Authorization: 'token secret' } };
    await expect(get(path)).rejects.toThrow();
    const pair = { key: readFileSync(client.key), cert: readFileSync(client.cert) };
    expect((await get({ ...path, ...pair })).status).toBe(200);
  });

  test('an https target gets our certificate, and is checked against its own name, whatever Host says', async () => {
    const port = await tlsUpstream(server, true);
    const flags = [
      '--client-ssl-key',
      client.key,
      '--client-ssl-cert',
      client.cert,
      '--client-ssl-ca',
      certs.ca,
    ];
    const proxy = await startedProxy(flags);
    proxy.addRoute('/ip', `https://127.0.0.1:${port}`);
    proxy.addRoute('/name', `https://localhost:${port}`);
    for (const path of ['/ip', '/name']) {
      const answer = await get({ port: proxy.port, path, plain: true, headers: { Host: 'hub.example' } });
      expect(answer).toEqual({ status: 200, body: 'client' });
      const ws = new WebSocket(`ws://127.0.0.1:${proxy.port}${path}`, { headers: { Host: 'hub.example' } });
      const [message] = await once(ws, 'message');
      expect(String(message)).toBe('hello');
      ws.terminate();
    }
  });

  test('an https target with another name, or of an unknown authority, gets nothing', async () => {
    const wrongName = await tlsUpstream(other, false);
    const named = await startedProxy([
      '--client-ssl-ca',
      certs.ca,
      '--default-target',
      `https://localhost:${wrongName}`,
    ]);
    expect((await fetch(named.url)).status).toBe(503);
    const unknown = await startedProxy([
      '--default-target',
      `https://localhost:${await tlsUpstream(server, false)}`,
    ]);
    expect((await fetch(unknown.url)).status).toBe(503);
  });

  test('--insecure checks nothing', async () => {
    const port = await tlsUpstream(other, false);
    const proxy = await startedProxy(['--insecure', '--default-target', `https://localhost:${port}`]);
    expect((await fetch(proxy.url)).status).toBe(200);
  });
});

test('--redirect-port sends browsers to HTTPS, with the port only where it matters', async () => {
  const argv = ['--ssl-key', server.key, '--ssl-cert', server.cert];
  for (const [to, port] of [
    [443, ''],
    [8443, ':8443'],
  ] as const) {
    const { createRedirect } = await import('../../../../proxy/listen/redirect.ts');
    const redirect = createRedirect(to).listen(0, '127.0.0.1');
    await once(redirect, 'listening');
    onTestFinished(() => {
      redirect.close();
    });
    const redirectPort = (redirect.address() as AddressInfo).port;
    const ask = (host: string) => rawClient(redirectPort, `GET /a?b HTTP/1.0\r\n${host}\r\n`).untilClosed();
    expect(await ask('Host: h.example:80\r\n')).toMatch(
      `301 Moved Permanently\r\nLocation: https://h.example${port}/a?b\r\n`,
    );
    expect(await ask('')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask('Host: h/../evil\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  }
  const proxy = await startedProxy([...argv], { redirect: { listen: { ip: '', port: 0 }, to: 8443 } });
  expect(proxy.log.join('')).toMatch('Added HTTP to HTTPS redirection from 0 to 8443');
});

test('a file that cannot be read is named, and nothing starts', async () => {
  await expect(startedProxy(['--ssl-key', '/nonexistent', '--ssl-cert', server.cert])).rejects.toThrow(
    'cannot read /nonexistent',
  );
});
