import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { failsIf } from '../../../support/reasons.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { echoUpstream, rawUpstream, saying } from '../support/upstream.ts';

forEachEngine((engine) => {
  const handshake =
    'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n';
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

  async function webSocketEcho(): Promise<string> {
    const server = createServer();
    const wss = new WebSocketServer({ server });
    wss.on('connection', (ws) => ws.on('message', (message) => ws.send(message)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const ws of wss.clients) ws.terminate();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('messages pass both ways, and a close handshake ends both sides', async () => {
    const proxy = await startedProxy(['--default-target', await webSocketEcho()]);
    const ws = new WebSocket(`${proxy.url.replace('http', 'ws')}/x`);
    await once(ws, 'open');
    for (const text of ['hello', 'x'.repeat(200_000)]) {
      ws.send(text);
      const [message] = await once(ws, 'message');
      expect(String(message)).toBe(text);
    }
    expect(proxy.engine.count().upgraded).toBe(1);
    ws.close(1000);
    const [code] = await once(ws, 'close');
    expect(code).toBe(1000);
    await expect.poll(() => proxy.engine.count()).toEqual({ opening: 0, idle: 0, active: 0, upgraded: 0 });
  });

  test('what the client sends with its handshake reaches the upstream after it agreed', async () => {
    let after = '';
    const upstream = await rawUpstream((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(`${switching}\r\nearly from upstream`);
      after = received.slice(received.indexOf('\r\n\r\n') + 4);
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, `${handshake}early`);
    await client.until('early from upstream');
    client.send(' and late');
    await expect.poll(() => after).toBe('early and late');
  });

  test(
    'the handshake keeps its fields, and says where it came from',
    failsIf(engine === 'http-proxy', 'the library writes names in lower case'),
    async () => {
      let head = '';
      const upstream = await rawUpstream((socket, received) => {
        head = received;
        socket.write(
          `${switching}Sec-WebSocket-Accept: x\r\nX-Up: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n`,
        );
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const client = rawClient(
        proxy.port,
        handshake.replace('Host: h', 'Host: h:81\r\nX-Forwarded-Proto: https'),
      );
      const answer = await client.until('\r\n\r\n');
      expect(answer).toMatch(
        /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/,
      );
      expect(answer).toMatch('Sec-WebSocket-Accept: x\r\nX-Up: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
      expect(head).toMatch(/^GET \/ws HTTP\/1\.1\r\nHost: h:81\r\n/);
      expect(head).toMatch('Sec-WebSocket-Version: 13\r\n');
      expect(head).toMatch(
        'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Port: 81\r\nX-Forwarded-Proto: https,ws\r\n',
      );
      expect(head).not.toMatch('X-Forwarded-Host');
      expect(head).toMatch('Connection: Upgrade\r\nUpgrade: websocket\r\n');
    },
  );

  const leaves: [string, (socket: Socket) => void][] = [
    ['ends', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
    ['closes', (socket) => socket.destroy()],
  ];

  test.each(leaves)(
    'a client that %s while its upgrade is pending frees the upstream',
    async (_how, leave) => {
      const upstream = await rawUpstream(() => undefined);
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const clients = Array.from({ length: 20 }, () => rawClient(proxy.port, handshake));
      await expect.poll(() => upstream.sockets.size).toBe(20);
      for (const client of clients) leave(client.socket);
      await expect.poll(() => upstream.sockets.size).toBe(0);
      await expect.poll(() => proxy.engine.count().active).toBe(0);
      await Promise.all(clients.map((client) => client.untilClosed()));
    },
  );

  test.each(leaves)(
    'a client that %s an open WebSocket frees an upstream that ignores it',
    async (_how, leave) => {
      const upstream = await rawUpstream((socket) => socket.write(`${switching}\r\n`));
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const clients = Array.from({ length: 20 }, () => rawClient(proxy.port, handshake));
      await Promise.all(clients.map((client) => client.until('101')));
      expect(proxy.engine.count().upgraded).toBe(20);
      for (const client of clients) leave(client.socket);
      await expect.poll(() => proxy.engine.count().upgraded, { timeout: 10_000 }).toBe(0);
      await Promise.all(clients.map((client) => client.untilClosed()));
    },
  );

  test.each(leaves)(
    'an upstream that %s an open WebSocket frees the client, and adds nothing',
    async (_how, leave) => {
      const upstream = await rawUpstream((socket) => socket.write(`${switching}\r\n`));
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const client = rawClient(proxy.port, handshake);
      await client.until('101');
      for (const socket of upstream.sockets) leave(socket);
      const answer = await client.untilClosed();
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
      await expect.poll(() => proxy.engine.count().upgraded, { timeout: 10_000 }).toBe(0);
    },
  );

  test('a refusal is passed on with status, fields and body, then the connection closes', async () => {
    const upstream = await saying(
      'HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nno way\r\n0\r\n\r\n',
    );
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const answer = await rawClient(proxy.port, handshake).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
    expect(answer).toMatch('no way');
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test('a refusal that is cut cuts the client', async () => {
    const upstream = await rawUpstream((socket) =>
      socket.end('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\npart'),
    );
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect(await rawClient(proxy.port, handshake).untilClosed()).toMatch(/part$/);
  });

  test.each([
    ['no route', 404, undefined],
    ['a target that refuses', 503, 'http://127.0.0.1:1'],
    ['a target that is no URL', 500, 'nota url'],
  ])('an upgrade with %s is answered with %i, well formed, and closed', async (_name, status, target) => {
    const proxy = await startedProxy();
    if (target !== undefined) proxy.addRoute('/', target);
    const answer = await rawClient(proxy.port, handshake).untilClosed();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} \\w[\\w ]+\\r\\nContent-Length: 0\\r\\n`));
  });

  test('an upstream that answers an upgrade with nonsense gives 502', async () => {
    const upstream = await saying('nonsense\r\n\r\n');
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect(await rawClient(proxy.port, handshake).untilClosed()).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  });

  test.each([
    [
      'h2c',
      'GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n',
      '',
    ],
    [
      'a POST',
      'POST /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\nbody',
      'body',
    ],
    [
      'a chunked POST',
      'POST /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
      'body',
    ],
  ])('an upgrade by %s is served as if it had not asked', async (_name, request, body) => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, request);
    const answer = await client.until('"body"');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(`"body":"${body}"`);
    expect(answer).not.toMatch(/"upgrade"|http2-settings/i);
    client.send('GET /next HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until('"url":"/next"');
  });

  test('a WebSocket request with a body is refused', async () => {
    const proxy = await startedProxy(['--default-target', 'http://127.0.0.1:1']);
    const client = rawClient(
      proxy.port,
      handshake.replace('Host: h', 'Host: h\r\nContent-Length: 4').concat('body'),
    );
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('clients that end at once with their handshake leave nothing behind, though many come in', async () => {
    const upstream = await rawUpstream((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(`${switching}\r\n`);
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const clients = Array.from({ length: 50 }, () => rawClient(proxy.port, handshake));
    for (const { socket } of clients) socket.end();
    for (const { untilClosed } of clients) await untilClosed();
    await expect
      .poll(() => ({ ...proxy.engine.count(), idle: 0 }), { timeout: 20_000 })
      .toEqual({ opening: 0, idle: 0, active: 0, upgraded: 0 });
    // Those that were opened for clients who had left by then are kept for the next.
    await expect.poll(() => upstream.sockets.size - proxy.engine.count().idle, { timeout: 20_000 }).toBe(0);
  });

  test('CONNECT is refused with 405', async () => {
    const proxy = await startedProxy();
    const answer = await rawClient(proxy.port, 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n').untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
  });

  test('an open WebSocket survives the removal of its route', async () => {
    const proxy = await startedProxy();
    proxy.addRoute('/user/a', await webSocketEcho());
    const ws = new WebSocket(`${proxy.url.replace('http', 'ws')}/user/a`);
    await once(ws, 'open');
    proxy.table.remove('/user/a');
    ws.send('still here');
    const [message] = await once(ws, 'message');
    expect(String(message)).toBe('still here');
    ws.terminate();
    await once(ws, 'close');
  });
});
