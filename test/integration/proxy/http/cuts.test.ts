import { once } from 'node:events';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { failsIf } from '../../../support/reasons.ts';
import { expectHeldBack, flood } from '../support/flood.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { bodyOf, echoUpstream, httpUpstream, rawUpstream } from '../support/upstream.ts';

forEachEngine((engine) => {
  const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

  test.each([
    ['its announced length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
    ['its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
    ['the end of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\npart'],
  ])('an upstream that ends before %s cuts the client', async (_name, bytes) => {
    const upstream = await rawUpstream((socket) => socket.end(bytes));
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, get);
    const answer = await client.untilClosed();
    expect(answer).toMatch('part');
    expect(answer).not.toMatch(/0\r\n\r\n$/);
    expect(proxy.log.join('')).toMatch(/error: GET \/ cut: /);
  });

  test('an upstream that resets in the middle of its answer cuts the client', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n', () =>
        socket.resetAndDestroy(),
      );
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect(await rawClient(proxy.port, get).untilClosed()).not.toMatch(/0\r\n\r\n$/);
  });

  test('an upstream that closes without an answer gives 503', async () => {
    const upstream = await rawUpstream((socket) => socket.end());
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect((await fetch(proxy.url)).status).toBe(503);
  });

  test.each(['end', 'reset'] as const)(
    'a client that goes away (%s) before the answer frees the upstream',
    async (how) => {
      const upstream = await rawUpstream(() => undefined);
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const client = rawClient(proxy.port, get);
      await expect.poll(() => upstream.sockets.size).toBe(1);
      if (how === 'end') client.socket.destroy();
      else client.socket.resetAndDestroy();
      await expect.poll(() => upstream.sockets.size).toBe(0);
    },
  );

  test('a client that goes away during its upload frees the upstream', async () => {
    const upstream = await rawUpstream(() => undefined);
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nsome');
    await expect.poll(() => upstream.sockets.size).toBe(1);
    client.socket.destroy();
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test('a client that goes away during a download frees the upstream', async () => {
    const upstream = await httpUpstream((_req, res) => {
      const more = (): void => {
        while (res.write(Buffer.alloc(65_536)));
        res.once('drain', more);
      };
      more();
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, get);
    await client.until('200 OK');
    client.socket.destroy();
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test('an upstream that sends faster than the client reads is held back', async () => {
    let written = () => 0;
    const upstream = await httpUpstream((_req, res) => {
      written = flood(res);
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, get);
    client.socket.pause();
    await expectHeldBack(() => written());
  });

  test('a client that sends faster than the upstream reads is held back', async () => {
    const upstream = await rawUpstream(
      () => undefined,
      (socket) => socket.pause(),
    );
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const upload = request({ port: proxy.port, host: '127.0.0.1', method: 'PUT' });
    upload.on('error', () => undefined);
    await expectHeldBack(flood(upload));
    for (const socket of upstream.sockets) socket.resume();
    upload.destroy();
    await expect.poll(() => proxy.engine.count().active, { timeout: 10_000 }).toBe(0);
  });

  test(
    'an early refusal reaches a client that is still uploading',
    failsIf(engine === 'http-proxy', 'the library loses a response when a write fails'),
    async () => {
      // Closing with bytes unread resets the connection: that is what most servers do.
      const upstream = await rawUpstream(
        () => undefined,
        (socket) => {
          socket.once('readable', () => {
            socket.read(100);
            socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig', () => socket.destroy());
          });
        },
      );
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const upload = request({ port: proxy.port, host: '127.0.0.1', method: 'PUT' });
      upload.on('error', () => undefined);
      upload.write(Buffer.alloc(1_000_000));
      const [answer] = await once(upload, 'response');
      expect(answer.statusCode).toBe(413);
      expect(await bodyOf(answer)).toBe('big');
      upload.destroy();
    },
  );

  test.each(engine === 'relay' ? ['100', '417'] : ['100'])(
    'an upstream decides about Expect: 100-continue (%s)',
    async (decision) => {
      const upstream = await rawUpstream((socket, received) => {
        if (received.endsWith('\r\n\r\n') && decision === '100')
          socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        else if (received.endsWith('\r\n\r\n')) socket.end('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n');
        else if (received.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const client = rawClient(
        proxy.port,
        'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
      );
      if (decision === '100') {
        await client.until('HTTP/1.1 100 Continue\r\n\r\n');
        client.send('body');
        await client.until(/200 OK[\s\S]*ok$/);
      } else {
        expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 417 No\r\n/);
      }
    },
  );

  test('a client that waits for 100 Continue is told to go on if the target says nothing', async () => {
    const upstream = await rawUpstream((socket, received) => {
      if (received.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(
      proxy.port,
      'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    );
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('body');
    expect(await client.until(/ok$/)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });

  test(
    'an idle connection that the upstream closes just then is replaced once for GET',
    failsIf(engine === 'http-proxy', 'the library tries nothing again'),
    async () => {
      const upstream = await rawUpstream((socket, received) => {
        const count = received.match(/GET/g)?.length ?? 0;
        // As if the upstream had closed the idle connection while the second request was on its way.
        if (count === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      for (let count = 0; count < 4; count++) expect((await fetch(proxy.url)).status).toBe(200);
      expect(upstream.accepted()).toBe(4);
    },
  );

  test('a request that was on its way is never sent twice if it is a POST', async () => {
    let posts = 0;
    const upstream = await rawUpstream((socket, received) => {
      const now = received.match(/POST/g)?.length ?? 0;
      if (now > 0 && received.endsWith('body')) {
        posts++;
        socket.resetAndDestroy();
      } else if (now === 0) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect((await fetch(proxy.url)).status).toBe(200);
    expect((await fetch(proxy.url, { method: 'POST', body: 'body' })).status).toBe(503);
    expect(posts).toBe(1);
  });

  test('a fresh connection that is reset before an answer is not tried again', async () => {
    const upstream = await rawUpstream((socket) => socket.resetAndDestroy());
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect((await fetch(proxy.url)).status).toBe(503);
    expect(upstream.accepted()).toBe(1);
  });

  test(
    'an upstream that says how long it keeps a connection is believed',
    failsIf(engine === 'http-proxy', 'the library keeps connections to the last moment'),
    async () => {
      const upstream = await rawUpstream((socket, received) => {
        if (received.endsWith('\r\n\r\n'))
          socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok');
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      for (let count = 0; count < 3; count++) await (await fetch(proxy.url)).text();
      expect(upstream.accepted()).toBe(3);
      expect(proxy.engine.count().idle).toBe(0);
    },
  );

  test('removing the last route to a target ends the connections kept for it, not those in use', async () => {
    const upstream = await rawUpstream((socket, received) => {
      if (received.includes('/slow')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart');
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const proxy = await startedProxy();
    proxy.addRoute('/user/a', upstream.url);
    const slow = rawClient(proxy.port, 'GET /user/a/slow HTTP/1.1\r\nHost: h\r\n\r\n');
    await slow.until('part');
    await (await fetch(`${proxy.url}/user/a`)).text();
    expect(upstream.sockets.size).toBe(2);
    proxy.table.remove('/user/a');
    await expect.poll(() => upstream.sockets.size).toBe(1);
    for (const socket of upstream.sockets) socket.write('more');
    await slow.until('partmore');
  });

  test('a target that stays silent is given up after --proxy-timeout', async () => {
    const upstream = await rawUpstream(() => undefined);
    const proxy = await startedProxy(['--default-target', upstream.url, '--proxy-timeout', '100']);
    expect((await fetch(proxy.url)).status).toBe(503);
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test('a client that stays silent during a request is closed after --timeout', async () => {
    const upstream = await rawUpstream(() => undefined);
    const proxy = await startedProxy(['--default-target', upstream.url, '--timeout', '100']);
    await rawClient(proxy.port, get).untilClosed();
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test('a burst of requests opens connections one after the other, and all are answered', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(proxy.url)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(100).fill(200));
    await Promise.all(answers.map((answer) => answer.text()));
  });
});
