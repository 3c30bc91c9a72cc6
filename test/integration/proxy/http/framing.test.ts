import { expect, test } from 'vitest';
import { failsIf } from '../../../support/reasons.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { echoUpstream, httpUpstream, rawUpstream, saying } from '../support/upstream.ts';

forEachEngine((engine) => {
  test.each(['DELETE', 'OPTIONS', 'GET', 'POST', 'PATCH'])(
    'a chunked %s with a request hidden in its body is one request for the upstream',
    async (method) => {
      const seen: string[] = [];
      const upstream = await httpUpstream((req, res) => {
        seen.push(`${req.method} ${req.url}`);
        req.resume().on('end', () => res.end('ok'));
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const hidden = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
      const client = rawClient(
        proxy.port,
        `${method} /outer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
      );
      await client.untilClosed();
      const second = await fetch(`${proxy.url}/second`);
      expect(await second.text()).toBe('ok');
      expect(seen).toEqual([`${method} /outer`, 'GET /second']);
    },
  );

  test.each([
    ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    [
      'Transfer-Encoding in HTTP/1.0',
      'POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a coding that is not chunked',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    ],
    ['several codings', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a space before the colon', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 4\r\n\r\nabcd'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd'],
    ['a signed length', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\nabcd'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n'],
    ['NUL in a header', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n'],
    ['a bare CR in a header', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\rX-Y: b\r\n\r\n'],
    ['non-ASCII in the path', 'GET /caf\xe9 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a user name in Host', 'GET / HTTP/1.1\r\nHost: me@h\r\n\r\n'],
    ['a path in Host', 'GET / HTTP/1.1\r\nHost: h/path\r\n\r\n'],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    [
      'a second Host behind 2,000 fields',
      `GET / HTTP/1.1\r\nHost: h\r\n${'X: y\r\n'.repeat(2000)}Host: i\r\n\r\n`,
    ],
    ['a user name in its target', 'GET http://me@h/ HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['* where no OPTIONS is', 'GET * HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a length beyond 2^53', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\nabcd'],
  ])('a request with %s is refused with 400, and never reaches an upstream', async (_name, request) => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const answer = await rawClient(proxy.port, request).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(upstream.accepted()).toBe(0);
  });

  test.each(['HTTP/2.0', 'HTTP/0.9'])('a request of %s is refused with 505', async (version) => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, `GET / ${version}\r\nHost: h\r\n\r\n`);
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 505 /);
    expect(upstream.accepted()).toBe(0);
  });

  test('the host of a target in absolute form takes the place of the Host field', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(
      proxy.port,
      'GET http://other:81/path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    );
    const answer = await client.untilClosed();
    expect(answer).toMatch('"host":"other:81"');
    expect(answer).toMatch('"x-forwarded-host":"other:81"');
  });

  test('a body that is announced behind 2,000 fields reaches the upstream', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const fields = `${'X: y\r\n'.repeat(2000)}Connection: close\r\nContent-Length: 4`;
    const client = rawClient(proxy.port, `POST / HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\nbody`);
    expect(await client.untilClosed()).toMatch('"body":"body"');
  });

  test('a bad chunk in a body cuts the request to the upstream', async () => {
    let seen = '';
    const upstream = await rawUpstream((_socket, received) => {
      seen = received;
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(
      proxy.port,
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    );
    await expect.poll(() => seen).toMatch('abc');
    client.send('zz\r\n');
    await client.untilClosed();
    expect(seen).not.toMatch(/0\r\n\r\n$/);
    await expect.poll(() => upstream.sockets.size).toBe(0);
  });

  test.each([
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\nabc'],
    ['a coding that is not chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a control character in a value', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a bare LF in a value', 'HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: stolen=1\r\nContent-Length: 0\r\n\r\n'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: stolen=1\r\nContent-Length: 0\r\n\r\n'],
    ['a space in a name', 'HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 0\r\n\r\n'],
    ['an empty name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['lines without CR', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
    [
      '101 to a plain request',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    ],
  ])(
    'an upstream that answers with %s gets 502 to its own client, and harms nobody else',
    async (_name, bytes) => {
      const strange = await saying(bytes);
      const good = await echoUpstream();
      const proxy = await startedProxy(['--default-target', good.url]);
      proxy.addRoute('/strange', strange.url);
      const answer = await fetch(`${proxy.url}/strange`);
      expect(answer.status).toBe(502);
      expect(answer.headers.get('set-cookie')).toBe(null);
      expect((await fetch(proxy.url)).status).toBe(200);
      await expect.poll(() => strange.sockets.size).toBe(0);
    },
  );

  test.each([
    ['HEAD', '1.1', '200 OK', 'Transfer-Encoding: chunked'],
    ['GET', '1.1', '304 Not Modified', 'Transfer-Encoding: chunked'],
    ['GET', '1.1', '200 OK', 'Content-Length: 0'],
    ['GET', '1.0', '200 OK', 'Transfer-Encoding: chunked'],
  ])(
    'trailers announced to a %s of HTTP/%s, answered with %s and %s, harm nobody',
    async (method, version, status, framing) => {
      const body = method === 'GET' && version === '1.0' ? '0\r\nX: 1\r\n\r\n' : '';
      const upstream = await saying(`HTTP/1.1 ${status}\r\nTrailer: X\r\n${framing}\r\n\r\n${body}`);
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const client = rawClient(
        proxy.port,
        `${method} / HTTP/${version}\r\nHost: h\r\nConnection: close\r\n\r\n`,
      );
      const answer = await client.untilClosed();
      expect(answer).toMatch(`HTTP/1.1 ${status}\r\n`);
      expect(answer).not.toMatch(/^Trailer/im);
    },
  );

  test('a flood of answers that only inform is not passed on', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
    const upstream = await saying(`${hint.repeat(1000)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    const answers = await client.untilClosed();
    expect(answers.match(/HTTP\/1\.1 103/g)?.length ?? 0).toBeLessThan(100);
    expect(answers).toMatch(/ok$/);
  });

  test('a reason phrase that is not ASCII is passed on', async () => {
    const upstream = await saying('HTTP/1.1 200 Caf\xe9\r\nContent-Length: 0\r\n\r\n');
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 Caf\xe9\r\n/);
  });

  test('bytes after a complete answer are not given to the next request', async () => {
    const upstream = await saying(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
    );
    const proxy = await startedProxy(['--default-target', upstream.url]);
    for (let count = 0; count < 3; count++) expect(await (await fetch(proxy.url)).text()).toBe('ok');
    expect(upstream.accepted()).toBe(3);
  });

  test('an answer that nobody asked for, on an idle connection, is given to nobody', async () => {
    const answered = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const upstream = await saying(answered);
    const proxy = await startedProxy(['--default-target', upstream.url]);
    await (await fetch(proxy.url)).text();
    await expect.poll(() => proxy.engine.count().idle).toBe(1);
    for (const socket of upstream.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await expect.poll(() => proxy.engine.count().idle).toBe(0);
    expect(await (await fetch(proxy.url)).text()).toBe('ok');
  });

  test('HEAD, 204 and 304 have no body, whatever length they announce, and the connection is used again', async () => {
    const upstream = await httpUpstream((req, res) => {
      if (req.url === '/304') res.writeHead(304, { 'Content-Length': '10', ETag: '"x"' });
      else if (req.url === '/204') res.writeHead(204);
      else res.writeHead(200, { 'Content-Length': '10' });
      res.end();
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, 'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toMatch(/Content-Length: 10\r\n/);
    client.send('GET /304 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until(/304 Not Modified[\s\S]*\r\n\r\n$/);
    client.send('GET /204 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    expect(await client.untilClosed()).toMatch(/204 No Content[\s\S]*\r\n\r\n$/);
    expect(upstream.accepted()).toBe(1);
  });

  test('fields of one connection are not passed on, in either direction', async () => {
    const heads: string[] = [];
    const upstream = await rawUpstream((socket, received) => {
      heads.push(received);
      socket.end(
        'HTTP/1.1 200 OK\r\nConnection: close, X-Mine\r\nKeep-Alive: timeout=1\r\nX-Mine: 1\r\nProxy-Authenticate: x\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n',
      );
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(
      proxy.port,
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: 5\r\nTE: trailers, deflate\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\nX-Kept: 1\r\n\r\n',
    );
    const answer = await client.until('\r\n\r\n');
    expect(heads[0]).not.toMatch(/X-Private|^Keep-Alive|Proxy-|deflate/im);
    expect(heads[0]).toMatch(/X-Kept: 1\r\n/i);
    expect(heads[0]).toMatch(/TE: trailers\r\n/i);
    expect(answer).not.toMatch(/X-Mine|timeout=1\r|Proxy-Auth|Connection: close/);
    expect(answer).toMatch(/X-Kept: 1\r\n/i);
    expect(client.closed()).toBe(false);
  });

  test('a Connection option cannot take Host, cookies or credentials away', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(
      proxy.port,
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: close, Cookie, Authorization, Host\r\nCookie: a=1\r\nAuthorization: x\r\n\r\n',
    );
    const answer = await client.untilClosed();
    expect(answer).toMatch(/"cookie":"a=1"/);
    expect(answer).toMatch(/"authorization":"x"/);
  });

  test('a head of 60 KB passes both ways, one of 80 KB is refused', async () => {
    const upstream = await httpUpstream((req, res) =>
      res.setHeader('X-Long', req.headers['x-long'] ?? '').end(),
    );
    upstream.server.close();
    const wide = await saying(
      `HTTP/1.1 200 OK\r\nX-Long: ${'b'.repeat(60_000)}\r\nContent-Length: 0\r\n\r\n`,
    );
    const proxy = await startedProxy(['--default-target', wide.url]);
    const request = (size: number) => `GET / HTTP/1.1\r\nHost: h\r\nX-Long: ${'a'.repeat(size)}\r\n\r\n`;
    const fits = rawClient(proxy.port, request(60_000));
    expect(await fits.until('\r\n\r\n')).toMatch(/X-Long: b{60000}\r\n/);
    expect(await rawClient(proxy.port, request(80_000)).untilClosed()).toMatch(/^HTTP\/1\.1 431 /);
  });

  test(
    'trailers, 103 and pipelined requests pass in order',
    failsIf(engine === 'http-proxy', 'the library drops early hints'),
    async () => {
      const upstream = await rawUpstream((socket, received) => {
        if (!received.endsWith('\r\n\r\n')) return;
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n');
        const path = /GET (\S+) /g;
        const last = [...received.matchAll(path)].at(-1)?.[1] ?? '';
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${last.length}\r\n\r\n${last}`);
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const one = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
      const client = rawClient(proxy.port, one('/1') + one('/2') + one('/3'));
      const answer = await client.until('/3');
      expect(answer).toMatch(
        /103 Early Hints\r\nlink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*\/1HTTP\/1\.1 103[\s\S]*\/2HTTP[\s\S]*\/3$/i,
      );
    },
  );
});
