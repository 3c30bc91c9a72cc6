// --http2: what browsers get over HTTP/2 is what they would get over HTTP/1.1, cuts and held-back floods included.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, constants } from 'node:http2';
import { get as getOverHttps } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { expectHeldBack, flood } from '../support/flood.ts';
import { answerOf, ask, http2Proxies } from '../support/http2.ts';
import { frame, preface, request } from '../support/http2-frames.ts';
import { forEachEngine, type StartedProxy } from '../support/started-proxy.ts';
import { bodyOf, echoUpstream, httpUpstream, rawUpstream, saying } from '../support/upstream.ts';

const { ca, started } = http2Proxies();

/** What the streams leave behind in the proxy: nothing. */
async function expectIdle(proxy: StartedProxy): Promise<void> {
  await expect.poll(() => proxy.engine.count().active, { timeout: 10_000 }).toBe(0);
}

forEachEngine(() => {
  test('a request arrives as over HTTP/1.1, its cookies in one field', async () => {
    const upstream = await echoUpstream();
    const { session } = await started(upstream.url);
    const stream = ask(session, { ':path': '/a%2Fb?c', cookie: ['a=1', 'b=2'], te: 'trailers', 'x-y': 'z' });
    const { headers, body } = await answerOf(stream);
    expect(headers[':status']).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      method: 'GET',
      url: '/a%2Fb?c',
      headers: {
        'x-y': 'z',
        cookie: 'a=1; b=2',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': expect.stringMatching(/127\.0\.0\.1$/),
      },
    });
    expect(JSON.parse(body).headers).not.toHaveProperty('te');
  });

  test('bodies of any length and none arrive whole, many at a time', async () => {
    const upstream = await httpUpstream(async (req, res) => res.end(await bodyOf(req)));
    const { proxy, session } = await started(upstream.url);
    const answers = Array.from({ length: 60 }, async (_, index) => {
      const text = `${index}`.repeat(index * 1000);
      const length = index % 2 === 0 ? {} : { 'content-length': text.length };
      const stream = ask(session, { ':method': 'POST', ':path': '/', ...length }, false);
      stream.end(text);
      return (await answerOf(stream)).body === text;
    });
    expect(await Promise.all(answers)).toEqual(answers.map(() => true));
    await expectIdle(proxy);
  });

  test('HEAD, 204, repeated fields and fields of the connection are as HTTP/2 wants them', async () => {
    const upstream = await httpUpstream((req, res) => {
      if (req.method === 'HEAD') res.writeHead(200, { 'Content-Length': 5 }).end();
      else if (req.method === 'DELETE') res.writeHead(204).end();
      else res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], Connection: 'X-Hop', 'X-Hop': 1 }).end();
    });
    const { session } = await started(upstream.url);
    const head = await answerOf(ask(session, { ':method': 'HEAD', ':path': '/' }));
    expect([head.headers['content-length'], head.body]).toEqual(['5', '']);
    const none = await answerOf(ask(session, { ':method': 'DELETE', ':path': '/' }));
    expect([none.headers[':status'], none.body]).toEqual([204, '']);
    const { headers } = await answerOf(ask(session, { ':path': '/' }));
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers).not.toHaveProperty('x-hop');
    expect(headers).not.toHaveProperty('connection');
  });

  test.each(['Content-Length: 100\r\n\r\npart', 'Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'])(
    'an answer that is cut after %j resets its stream, and no other one',
    async (part) => {
      const upstream = await rawUpstream((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${part}`, () => socket.destroy());
      });
      const { proxy, session } = await started(upstream.url);
      const stream = ask(session, { ':path': '/' });
      stream.resume();
      await new Promise((resolve) => stream.once('close', resolve));
      expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
      const health = await answerOf(ask(session, { ':path': '/_chp_healthz' }));
      expect(health.headers[':status']).toBe(200);
      await expectIdle(proxy);
    },
  );

  test('a client that resets a stream frees the target', async () => {
    const upstream = await rawUpstream(() => undefined);
    const { proxy, session } = await started(upstream.url);
    const stream = ask(session, { ':path': '/' });
    await expect.poll(() => upstream.sockets.size, { timeout: 10_000 }).toBe(1);
    stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => upstream.sockets.size, { timeout: 10_000 }).toBe(0);
    await expectIdle(proxy);
  });

  test('who sends faster than the other reads is held back, both ways', async () => {
    let written = () => 0;
    const upstream = await httpUpstream((req, res) => {
      if (req.method === 'GET') written = flood(res);
      else req.pause();
    });
    const { proxy, session } = await started(upstream.url);
    const download = ask(session, { ':path': '/' });
    await once(download, 'response');
    download.pause();
    await expectHeldBack(() => written());
    const upload = ask(session, { ':method': 'PUT', ':path': '/' }, false);
    await expectHeldBack(flood(upload));
    download.close();
    upload.close();
    await expectIdle(proxy);
  });

  test('what a slow client gets late is what was sent, whoever is served meanwhile', async () => {
    const sent = Buffer.alloc(600_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
    const junk = Buffer.alloc(1024 * 1024, 0xee);
    const upstream = await httpUpstream(async (req, res) => {
      if (req.url === '/junk') {
        while (!res.destroyed && (res.write(junk) || (await once(res, 'drain').catch(() => null))))
          await nextTurn();
        return;
      }
      res.writeHead(200, { 'Content-Length': sent.length });
      for (let at = 0; at < sent.length; at += 30_000) {
        res.write(sent.subarray(at, at + 30_000));
        await pause(2); // in pieces of their own
      }
      res.end();
    });
    const { session } = await started(upstream.url);
    const junkStream = ask(session, { ':path': '/junk' }).resume();
    const slow = Array.from({ length: 6 }, async () => {
      const stream = ask(session, { ':path': '/' });
      const got: Buffer[] = [];
      for await (const chunk of stream) {
        got.push(chunk);
        await pause(5);
      }
      return Buffer.concat(got).equals(sent);
    });
    expect(await Promise.all(slow)).toEqual(slow.map(() => true));
    junkStream.close(constants.NGHTTP2_CANCEL);
  });

  test('an upload that is cut is cut for the target, never ended as if it were whole', async () => {
    const ends: string[] = [];
    const upstream = await httpUpstream((req) => {
      req.resume();
      req.on('end', () => ends.push('whole')).on('error', () => ends.push('cut'));
    });
    const { session } = await started(upstream.url);
    const stream = ask(session, { ':method': 'POST', ':path': '/' }, false);
    stream.write('part');
    await expect.poll(() => upstream.accepted()).toBe(1);
    stream.destroy(new Error('not close(): node:http2 would end the stream before'));
    await expect.poll(() => ends).toEqual(['cut']);
    const other = ask(session, { ':method': 'POST', ':path': '/' }, false);
    other.write('part');
    await expect.poll(() => upstream.accepted()).toBe(2);
    session.destroy();
    await expect.poll(() => ends).toEqual(['cut', 'cut']);
  });

  test.each([
    [
      'a trailer that HTTP/2 does not allow',
      'Transfer-Encoding: chunked\r\nTrailer: x\r\n\r\n2\r\nok\r\n0\r\nKeep-Alive: x\r\n\r\n',
    ],
    ['a field twice that may be there once', 'Date: a\r\nDate: b\r\nContent-Length: 2\r\n\r\nok'],
  ])('%s costs nobody his answer', async (_, rest) => {
    const upstream = await saying(`HTTP/1.1 200 OK\r\n${rest}`);
    const { session } = await started(upstream.url);
    expect((await answerOf(ask(session, { ':path': '/' }))).body).toBe('ok');
    expect((await answerOf(ask(session, { ':path': '/_chp_healthz' }))).headers[':status']).toBe(200);
  });

  test('an early refusal reaches a client that still uploads', async () => {
    let refused = false;
    const upstream = await rawUpstream((socket) => {
      if (!refused) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig');
      refused = true;
    });
    const { session } = await started(upstream.url);
    const stream = ask(session, { ':method': 'PUT', ':path': '/' }, false);
    stream.write('x');
    const { headers, body } = await answerOf(stream);
    expect([headers[':status'], body]).toEqual([413, 'big']);
    stream.close();
  });

  test('without HTTP/2 in the client, and for WebSockets, the listener speaks HTTP/1.1', async () => {
    const upstream = await saying(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const echo = await echoUpstream();
    const { proxy } = await started(echo.url);
    proxy.addRoute('/ws', upstream.url);
    const asked = getOverHttps({ host: '127.0.0.1', port: proxy.port, path: '/x', ca, agent: false });
    const [answer] = await once(asked, 'response');
    expect(answer.httpVersion).toBe('1.1');
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({ url: '/x' });
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/ws`, { ca });
    socket.on('error', () => undefined);
    await once(socket, 'upgrade');
    socket.terminate();
  });
});

test('a client that is silent for --timeout during a request is cut, and the access log says what it spoke', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-proxy-http2-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'log');
  const upstream = await rawUpstream(() => undefined);
  const log = ['--access-log', 'common', '--access-log-file', file];
  const { session } = await started(upstream.url, '--timeout', '200', ...log);
  const stream = ask(session, { ':path': '/silent' });
  await new Promise((resolve) => stream.once('close', resolve));
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"GET /silent HTTP/2.0" 499');
});

test('a drain lets the stream end, takes no new one, and a close leaves no connection', async () => {
  let answer = () => {};
  const upstream = await httpUpstream((_req, res) => {
    answer = () => res.end('late');
  });
  const { proxy, session } = await started(upstream.url);
  const stream = ask(session, { ':path': '/' });
  await expect.poll(() => proxy.engine.count().active).toBe(1);
  const drained = proxy.drain(20_000);
  await once(session, 'goaway');
  answer();
  expect((await answerOf(stream)).body).toBe('late');
  await drained;
  await expect.poll(() => session.closed || session.destroyed).toBe(true);
});

test('a client that breaks the protocol and leaves is noticed while its request waits', async () => {
  const upstream = await rawUpstream(() => undefined);
  const { proxy } = await started(upstream.url, '--keep-alive-timeout', '200');
  const client = connectTls({ host: '127.0.0.1', port: proxy.port, ca, ALPNProtocols: ['h2'] });
  await once(client, 'secureConnect');
  client.write(Buffer.concat([preface, frame(4, 0, 0), request(1)]));
  await expect.poll(() => upstream.sockets.size).toBe(1);
  client.write(frame(0, 0, 99, Buffer.from('data of a stream that is none')), () => client.destroy());
  await expect.poll(() => upstream.sockets.size).toBe(0);
});

test('a client that never closes its side keeps no proxy from closing', async () => {
  const upstream = await echoUpstream();
  const { proxy } = await started(upstream.url);
  const halfOpen = { host: '127.0.0.1', port: proxy.port, allowHalfOpen: true };
  const clients = ['h2', 'http/1.1'].map((protocol) =>
    connectTls({ socket: connectPlain(halfOpen), host: '127.0.0.1', ca, ALPNProtocols: [protocol] }),
  );
  const handshake = connectPlain(halfOpen);
  for (const client of [...clients, handshake]) client.on('error', () => undefined);
  await Promise.all(clients.map((client) => once(client, 'secureConnect')));
  const ends = [...clients, handshake].map((client) => once(client.resume(), 'end'));
  await proxy.close();
  await Promise.all(ends);
  expect(proxy.engine.count()).toEqual({ opening: 0, idle: 0, active: 0, upgraded: 0 });
  for (const client of [...clients, handshake]) client.destroy();
});

test('a connection that is idle for the keep-alive time is closed, one that waits for an answer is not', async () => {
  let answer = () => {};
  const upstream = await httpUpstream((req, res) => {
    if (req.url === '/slow') answer = () => res.end('late');
    else res.end('soon');
  });
  const { proxy, session } = await started(upstream.url, '--keep-alive-timeout', '300');
  const slow = ask(session, { ':path': '/slow' });
  const idle = connect(`https://127.0.0.1:${proxy.port}`, { ca });
  onTestFinished(() => idle.destroy());
  expect((await answerOf(ask(idle, { ':path': '/' }))).body).toBe('soon');
  await once(idle, 'close');
  answer();
  expect((await answerOf(slow)).body).toBe('late');
  await once(session, 'close'); // now it is idle, too
});
