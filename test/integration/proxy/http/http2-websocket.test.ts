// --http2-websockets: a WebSocket over HTTP/2 is what it would be over HTTP/1.1, for client, target and administrator.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { expectHeldBack, flood } from '../support/flood.ts';
import { answerOf, ask, http2Proxies } from '../support/http2.ts';
import { closeFrame, frameOf, open, opened, webSocket } from '../support/http2-websocket.ts';
import { forEachEngine, type StartedProxy, startedProxy } from '../support/started-proxy.ts';
import { bodyOf, rawUpstream, saying, type Upstream } from '../support/upstream.ts';

const { tls, started: startedWith, connected } = http2Proxies();

/** A proxy, and a client that knows that it may ask for WebSockets. */
async function started(target: string, ...more: string[]) {
  const { proxy, session } = await startedWith(target, '--http2-websockets', ...more);
  await once(session, 'remoteSettings');
  return { proxy, session };
}

/** The 101 for the handshake in `received`. */
function switching(received: string): string {
  const key = /sec-websocket-key: (\S+)/i.exec(received)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n`;
}

/** Opens each WebSocket, and gives its socket and what it has sent since, each time more comes. */
function openingUpstream(
  onData: (socket: Socket, sent: string) => void = () => undefined,
): Promise<Upstream> {
  return rawUpstream((socket, received) => {
    const end = received.indexOf('\r\n\r\n') + 4;
    if (received.length === end) socket.write(`${switching(received)}\r\n`);
    else onData(socket, received.slice(end));
  });
}

/** The one after whose removal the proxy has nothing left. */
async function expectIdle(proxy: StartedProxy): Promise<void> {
  const none = { opening: 0, idle: 0, active: 0, upgraded: 0 };
  await expect.poll(() => proxy.engine.count()).toEqual(none);
}

/** How the stream has ended: by its code, after everything it carried. */
async function closed(stream: ClientHttp2Stream): Promise<number | undefined> {
  stream.resume();
  if (!stream.closed || !stream.destroyed) await once(stream, 'close');
  return stream.rstCode;
}

function accessLog(): { argv: string[]; lines: () => string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-proxy-http2-ws-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'log');
  return {
    argv: ['--access-log', 'json', '--access-log-file', file],
    lines: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

forEachEngine((engine) => {
  test('messages pass both ways over one connection, and the close handshake ends both sides', async () => {
    const server = createServer();
    const wss = new WebSocketServer({ server });
    wss.on('connection', (ws) => ws.on('message', (message) => ws.send(`${message}!`)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { proxy, session } = await started(`http://127.0.0.1:${port}`);
    const streams = await Promise.all(Array.from({ length: 20 }, () => opened(open(session))));
    expect(proxy.engine.count().upgraded).toBe(20);
    const echoes = streams.map(async (stream, index) => {
      stream.write(frameOf(`message ${index}`));
      const [bytes] = await once(stream, 'data');
      return String(bytes.subarray(2));
    });
    expect(await Promise.all(echoes)).toEqual(streams.map((_, index) => `message ${index}!`));
    for (const stream of streams) stream.end(closeFrame);
    expect(await Promise.all(streams.map(closed))).toEqual(streams.map(() => constants.NGHTTP2_NO_ERROR));
    await expectIdle(proxy);
  });

  test('the target gets the upgrade of HTTP/1.1 with a key of its own, and the fields of the client', async () => {
    let head = '';
    const upstream = await rawUpstream((socket, received) => {
      head = received;
      socket.write(
        `${switching(received)}Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n`,
      );
    });
    const { session } = await started(upstream.url);
    const stream = open(session, {
      ':path': '/a%2Fb?c',
      ':authority': 'h:81',
      origin: 'https://h:81',
      cookie: ['a=1', 'b=2'],
      'sec-websocket-protocol': 'a, b',
      'sec-websocket-key': 'of the client',
      'x-forwarded-proto': 'https',
    });
    const [headers] = await once(stream, 'response');
    expect(headers).toMatchObject({
      ':status': 200,
      'sec-websocket-protocol': 'b',
      'sec-websocket-extensions': 'x',
      'set-cookie': ['a=1', 'b=2'],
    });
    for (const name of ['connection', 'upgrade', 'sec-websocket-accept'])
      expect(headers).not.toHaveProperty(name);
    expect(head).toMatch(/^GET \/a%2Fb\?c HTTP\/1\.1\r\n/);
    const fields = head.toLowerCase().split('\r\n');
    expect(fields).toEqual(
      expect.arrayContaining([
        'host: h:81',
        'origin: https://h:81',
        'cookie: a=1; b=2',
        'sec-websocket-version: 13',
        'sec-websocket-protocol: a, b',
        'connection: upgrade',
        'upgrade: websocket',
        'x-forwarded-port: 81',
        'x-forwarded-proto: https,wss',
        expect.stringMatching(/^x-forwarded-for: .*127\.0\.0\.1$/),
      ]),
    );
    expect(fields.filter((field) => field.startsWith('sec-websocket-key: '))).toEqual([
      expect.stringMatching(/^sec-websocket-key: [\w+/]{22}==$/),
    ]);
    expect(head).not.toMatch(/:protocol|x-forwarded-host/i);
    stream.close();
  });

  test.each([
    [
      '403',
      'HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nno way\r\n0\r\n\r\n',
      403,
      'no way',
    ],
    ['404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno', 404, 'no'],
    ['302', 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n', 302, ''],
    [
      '426',
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n',
      426,
      '',
    ],
  ])(
    'a refusal with %s is passed on with its fields and body, and ends the stream',
    async (_, answer, status, text) => {
      const upstream = await saying(answer);
      const { proxy, session } = await started(upstream.url);
      const stream = open(session);
      const { headers, body } = await answerOf(stream);
      expect([headers[':status'], body]).toEqual([status, text]);
      if (status === 302) expect(headers.location).toBe('/login');
      if (status === 403) expect(headers['set-cookie']).toEqual(['a=1']);
      expect(await closed(stream)).toBe(constants.NGHTTP2_NO_ERROR);
      await expectIdle(proxy);
      await expect.poll(() => upstream.sockets.size).toBe(0);
    },
  );

  test('a refusal with 60 KB arrives whole, one that is cut resets the stream', async () => {
    const large = 'x'.repeat(60_000);
    const upstream = await rawUpstream((socket, received) => {
      if (received.startsWith('GET /cut')) socket.end('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\npart');
      else socket.write(`HTTP/1.1 403 No\r\nContent-Length: ${large.length}\r\n\r\n${large}`);
    });
    const { session } = await started(upstream.url);
    expect((await answerOf(open(session))).body).toBe(large);
    expect(await closed(open(session, { ':path': '/cut' }))).toBe(constants.NGHTTP2_CANCEL);
  });

  test.each([
    ['200 in place of 101', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['204 in place of 101', 'HTTP/1.1 204 No Content\r\n\r\n'],
    [
      'a Sec-WebSocket-Accept that does not belong to the key',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nmore',
    ],
  ])('%s opens nothing: the client gets 502, and a log line says why', async (reason, answer) => {
    const upstream = await saying(answer);
    const { proxy, session } = await started(upstream.url);
    const stream = open(session);
    const { headers, body } = await answerOf(stream);
    expect([headers[':status'], body]).toEqual([502, '']);
    expect(await closed(stream)).toBe(constants.NGHTTP2_NO_ERROR);
    expect(proxy.log.join('')).toContain(
      `error: 502 WS /ws a response that opens no WebSocket over HTTP/2: ${reason}`,
    );
    await expectIdle(proxy);
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test.each([
    ['no route', 404, undefined],
    ['a target that refuses connections', 503, 'http://127.0.0.1:1'],
    ['a target that is no URL', 500, 'nota url'],
  ])('a WebSocket with %s is refused with %i', async (_, status, target) => {
    const { proxy, session } = await started('http://127.0.0.1:1');
    proxy.table.remove('/');
    if (target !== undefined) proxy.addRoute('/', target);
    const stream = open(session);
    const { headers, body } = await answerOf(stream);
    expect([headers[':status'], body]).toEqual([status, '']);
    expect(await closed(stream)).toBe(constants.NGHTTP2_NO_ERROR);
    expect(proxy.log.join('')).toContain(`error: ${status} WS /ws `);
  });

  test('a target that answers with nonsense gives 502', async () => {
    const upstream = await saying('nonsense\r\n\r\n');
    const { session } = await started(upstream.url);
    expect((await answerOf(open(session))).headers[':status']).toBe(502);
  });

  const leaves: [string, (stream: ClientHttp2Stream) => void][] = [
    ['ends', (stream) => stream.end()],
    ['resets', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['disconnects', (stream) => stream.session?.destroy()],
  ];

  test.each(leaves)('a client that %s while its WebSocket is pending frees the target', async (_, leave) => {
    const upstream = await rawUpstream(() => undefined);
    const { proxy, session } = await started(upstream.url);
    const streams = Array.from({ length: 20 }, () => open(session));
    await expect.poll(() => upstream.sockets.size).toBe(20);
    for (const stream of streams) leave(stream);
    await expect.poll(() => upstream.sockets.size).toBe(0);
    await expectIdle(proxy);
  });

  test.each(leaves)('a client that %s an open WebSocket frees a target that ignores it', async (_, leave) => {
    const upstream = await openingUpstream();
    const { proxy, session } = await started(upstream.url);
    const streams = await Promise.all(Array.from({ length: 20 }, () => opened(open(session))));
    for (const stream of streams) leave(stream);
    await Promise.all(streams.map(closed));
    await expectIdle(proxy);
  });

  test('a client that has ended its side gets what the target still sends', async () => {
    const upstream = await openingUpstream((socket) => socket.once('end', () => socket.end('the rest')));
    const { session } = await started(upstream.url);
    const stream = await opened(open(session));
    stream.end('last');
    expect(await bodyOf(stream)).toBe('the rest');
    expect(await closed(stream)).toBe(constants.NGHTTP2_NO_ERROR);
  });

  // the library ends the client's side in both cases, as over HTTP/1.1
  const reset = engine === 'relay' ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR;

  test.each<[string, (socket: Socket) => void, number]>([
    ['ends', (socket) => socket.end(), constants.NGHTTP2_NO_ERROR],
    ['resets', (socket) => socket.resetAndDestroy(), reset],
  ])(
    'a target that %s an open WebSocket does so for the client, and for no other stream',
    async (_, leave, code) => {
      const upstream = await openingUpstream();
      const { proxy, session } = await started(upstream.url);
      const stream = await opened(open(session));
      const ends = closed(stream);
      for (const socket of upstream.sockets) leave(socket);
      expect(await ends).toBe(code);
      const { headers } = await answerOf(ask(session, { ':path': '/_chp_healthz' }));
      expect(headers[':status']).toBe(200);
      await expectIdle(proxy);
    },
  );

  test('who sends faster than the other reads is held back, both ways, and other streams go on', async () => {
    let written = () => 0;
    const upstream = await openingUpstream((socket, sent) => {
      if (sent === 'flood') written = flood(socket);
      else socket.pause();
    });
    const { proxy, session } = await started(upstream.url);
    const download = await opened(open(session));
    download.pause();
    download.write('flood');
    await expectHeldBack(() => written());
    const upload = await opened(open(session));
    await expectHeldBack(flood(upload));
    expect((await answerOf(ask(session, { ':path': '/_chp_healthz' }))).headers[':status']).toBe(200);
    download.close();
    upload.close();
    await expectIdle(proxy);
  });

  test('what was held back arrives whole and in order, both ways', async () => {
    const sent = Buffer.alloc(3_000_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
    const digest = createHash('sha256').update(sent).digest('hex');
    const server = createServer();
    server.on('upgrade', (req, socket: Socket) => {
      const field = `Sec-WebSocket-Key: ${req.headers['sec-websocket-key']}`;
      socket.write(`${switching(field)}\r\n`);
      const got = createHash('sha256');
      let missing = sent.length;
      socket.on('data', (chunk: Buffer) => {
        got.update(chunk);
        missing -= chunk.length;
        if (missing === 0) socket.end(Buffer.concat([sent, Buffer.from(got.digest('hex'))]));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { session } = await started(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = await opened(open(session));
    stream.write(sent);
    const parts: Buffer[] = [];
    for await (const chunk of stream) parts.push(chunk);
    const all = Buffer.concat(parts);
    expect(all.length).toBe(sent.length + 64);
    expect(createHash('sha256').update(all.subarray(0, sent.length)).digest('hex')).toBe(digest);
    expect(String(all.subarray(sent.length))).toBe(digest);
  });

  test('activity counts with what the client sends, and not with what the target sends', async () => {
    let target: Socket | undefined;
    const upstream = await openingUpstream((socket) => {
      target = socket;
    });
    let now = 1000;
    const argv = [...tls, '--http2-websockets', '--default-target', upstream.url];
    const proxy = await startedProxy(argv, {}, () => now);
    const session = connected(proxy.port);
    await once(session, 'remoteSettings');
    const stream = await opened(open(session));
    now = 2000;
    stream.write('x');
    await expect.poll(() => proxy.lastActivity('/')).toBe(2000);
    now = 3000;
    target?.write('y');
    await once(stream, 'data');
    expect(proxy.lastActivity('/')).toBe(2000);
    stream.close();
  });

  test('an open WebSocket survives the removal of its route, a later one is refused', async () => {
    const upstream = await openingUpstream((socket, sent) => socket.write(sent));
    const { proxy, session } = await started(upstream.url);
    const stream = await opened(open(session));
    proxy.table.remove('/');
    stream.write('still here');
    expect(String((await once(stream, 'data'))[0])).toBe('still here');
    expect((await answerOf(open(session))).headers[':status']).toBe(404);
    stream.close();
  });

  test('the access log has the line of HTTP/1.1 with the version 2.0, the metrics count WebSockets', async () => {
    const { argv, lines } = accessLog();
    const upstream = await openingUpstream((socket) => socket.end('hello'));
    const { proxy, session } = await started(
      upstream.url,
      ...argv,
      '--metrics-port',
      '0',
      '--metrics-ip',
      '127.0.0.1',
    );
    const metrics = async () => (await fetch(`http://127.0.0.1:${proxy.metricsPort}/metrics`)).text();
    const stream = await opened(open(session, { ':path': '/ws?token=hidden' }));
    const text = await metrics();
    expect(text).toMatch(/^requests_ws 1$/m);
    expect(text).toMatch(/^portwrap_proxy_open_websockets 1$/m);
    expect(text).toMatch(/^portwrap_proxy_client_connections\{state="upgraded"\} 0$/m);
    expect(text).toMatch(/^portwrap_proxy_client_connections\{state="active"\} 1$/m);
    stream.end('x');
    await closed(stream);
    await expect.poll(lines).toHaveLength(1);
    expect(JSON.parse(lines()[0] ?? '')).toMatchObject({
      method: 'GET',
      path: '/ws',
      version: '2.0',
      status: 101,
      bytes: expect.any(Number),
    });
    expect(await metrics()).toMatch(/^requests_proxy\{status="101"\} 1$/m);
  });
});

test.each<[string, OutgoingHttpHeaders, boolean, number, string]>([
  ['another protocol', { ':protocol': 'connect-udp' }, false, 501, 'a protocol other than websocket'],
  [
    'no version',
    { 'sec-websocket-version': undefined },
    false,
    400,
    'malformed request: no Sec-WebSocket-Version',
  ],
  ['a length', { 'content-length': '3' }, false, 400, 'malformed request: a WebSocket with Content-Length'],
  ['its end', {}, true, 400, 'malformed request: a WebSocket that ends with its request'],
])(
  'a WebSocket with %s is refused, with a log line, and reaches no target',
  async (_, fields, ends, status, reason) => {
    const upstream = await rawUpstream(() => undefined);
    const { proxy, session } = await started(upstream.url);
    const { headers } = await answerOf(ask(session, { ...webSocket, ':path': '/ws', ...fields }, ends));
    expect(headers[':status']).toBe(status);
    expect(proxy.log.join('')).toContain(`warn: ${status} HTTP/2 127.0.0.1 ${reason}`);
    expect(upstream.accepted()).toBe(0);
    expect((await answerOf(ask(session, { ':path': '/_chp_healthz' }))).headers[':status']).toBe(200);
  },
);

test('CONNECT without a protocol is refused with 405, with the option and without it', async () => {
  for (const argv of [['--http2-websockets'], []]) {
    const { session } = await startedWith('http://127.0.0.1:1', ...argv);
    const { headers } = await answerOf(ask(session, { ':method': 'CONNECT', ':authority': 'h:443' }));
    expect(headers[':status']).toBe(405);
  }
});

test('without the option the proxy offers no WebSockets over HTTP/2', async () => {
  const { session } = await startedWith('http://127.0.0.1:1');
  await once(session, 'remoteSettings');
  expect(session.remoteSettings.enableConnectProtocol).toBe(false);
});

test('a close of the proxy ends open WebSockets, a drain waits for them', async () => {
  const upstream = await openingUpstream();
  const { proxy, session } = await started(upstream.url);
  const stream = await opened(open(session));
  const ends = closed(stream);
  const drained = proxy.drain(60_000);
  await once(session, 'goaway');
  expect(proxy.engine.count().upgraded).toBe(1);
  await proxy.close();
  await Promise.all([ends, drained]);
});

test('a WebSocket that is idle for longer than --timeout and --keep-alive-timeout stays open', async () => {
  const upstream = await openingUpstream((socket, sent) => socket.write(sent));
  const { session } = await started(upstream.url, '--timeout', '50', '--keep-alive-timeout', '100');
  const stream = await opened(open(session));
  // sent when the connection has been silent for the keep-alive time
  await once(session, 'ping');
  stream.write('still here');
  expect(String((await once(stream, 'data'))[0])).toBe('still here');
  stream.close();
});

test('a connection that stays open for a WebSocket gives the windows of an upload back, and gets them again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const upstream = await openingUpstream((socket, sent) => socket.write(`${sent.length} `));
  const { session } = await started(upstream.url);
  const stream = await opened(open(session));
  let got = '';
  stream.on('data', (chunk) => (got += chunk));
  for (const size of [1_100_000, 2_200_000]) {
    stream.write(Buffer.alloc(1_100_000));
    await expect.poll(() => got).toMatch(new RegExp(`${size} $`));
    await expect.poll(() => session.remoteSettings.initialWindowSize).toBe(4 * 1024 * 1024);
    vi.advanceTimersByTime(60_000); // in which they were used
    vi.advanceTimersByTime(60_000);
    await expect.poll(() => session.remoteSettings.initialWindowSize).toBe(65_535);
  }
  stream.close();
});
