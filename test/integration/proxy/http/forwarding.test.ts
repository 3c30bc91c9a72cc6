import { expect, test } from 'vitest';
import { failsIf } from '../../../support/reasons.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { echoUpstream, httpUpstream, rawUpstream, saying } from '../support/upstream.ts';

forEachEngine((engine) => {
  test('a request reaches its target with path, query and body as they were sent', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const answer = await fetch(`${proxy.url}/a%20b//c?x=1&y=%2F`, { method: 'POST', body: 'hello' });
    expect(await answer.json()).toMatchObject({ method: 'POST', url: '/a%20b//c?x=1&y=%2F', body: 'hello' });
  });

  test('an upstream connection is used again', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    for (let count = 0; count < 10; count++) await (await fetch(proxy.url)).text();
    expect(upstream.accepted()).toBe(1);
  });

  test(
    'bytes, order and spelling of headers survive both ways',
    failsIf(engine === 'http-proxy', 'the library joins repeated fields, and writes names its own way'),
    async () => {
      const seen: string[][] = [];
      const upstream = await httpUpstream((req, res) => {
        seen.push(req.rawHeaders);
        res.writeHead(200, 'Fine', [
          'X-Multi',
          '1',
          'x-multi',
          '2',
          'Set-Cookie',
          'a=1',
          'Set-Cookie',
          'b=2',
          'ETag',
          '"caf\xe9"',
        ]);
        res.end('ok');
      });
      const proxy = await startedProxy(['--default-target', upstream.url, '--no-x-forward']);
      const client = rawClient(
        proxy.port,
        'GET / HTTP/1.1\r\nhOsT: h\r\nX-A: 1\r\nx-a: 2\r\nReferer: a\r\nX-Latin: \xe9\xa0\r\nConnection: close\r\n\r\n',
      );
      const answer = await client.untilClosed();
      expect(seen).toEqual([['hOsT', 'h', 'X-A', '1', 'x-a', '2', 'Referer', 'a', 'X-Latin', '\xe9\xa0']]);
      expect(answer).toMatch(
        /^HTTP\/1\.1 200 Fine\r\nX-Multi: 1\r\nx-multi: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nETag: "caf\xe9"\r\n/,
      );
    },
  );

  test('a target that refuses connections is answered with 503 and an error page', async () => {
    const proxy = await startedProxy(['--default-target', 'http://127.0.0.1:1']);
    const answer = await fetch(`${proxy.url}/x?token=hidden`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(await answer.text()).toMatch(/503: Service Unavailable/);
    expect(proxy.log.join('')).toMatch(/error: 503 GET \/x /);
    expect(proxy.log.join('')).not.toMatch(/hidden/);
  });

  test(
    'an answer in chunks arrives whole, with its trailers',
    failsIf(engine === 'http-proxy', 'the library drops trailers'),
    async () => {
      const upstream = await saying(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n',
      );
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const client = rawClient(proxy.port, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
      const answer = await client.untilClosed();
      expect(answer).toMatch(/Trailer: X-Sum\r\n/);
      expect(answer).toMatch(/3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n$/);
    },
  );

  test('a client of HTTP/1.0 gets no chunks', async () => {
    const upstream = await saying(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    );
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const answer = await rawClient(proxy.port, 'GET / HTTP/1.0\r\n\r\n').untilClosed();
    expect(answer).not.toMatch(/chunked/i);
    expect(answer).toMatch(/\r\n\r\nabc$/);
  });

  test('an upstream that closes to end its answer is passed on whole', async () => {
    const upstream = await rawUpstream((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
    const proxy = await startedProxy(['--default-target', upstream.url]);
    expect(await (await fetch(proxy.url)).text()).toBe('all of it');
  });
});
