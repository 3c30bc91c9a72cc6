// --compress, over both versions of HTTP and with both engines: what a client decodes is what the target has sent, and
// nobody waits for a client that does not read.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type RequestListener,
  request as requestOverHttp,
  type ServerResponse,
} from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { Agent, request as requestOverHttps } from 'node:https';
import type { Readable } from 'node:stream';
import zlib, { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { assert, asyncProperty, constantFrom, array as fcArray, integer, record } from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { responseCompression } from '../../../../proxy/front/compress/compress-response.ts';
import { createEncoders } from '../../../../proxy/front/compress/encoders.ts';
import { createLineLogger } from '../../../../proxy/telemetry/log-lines.ts';
import { expectHeldBack } from '../support/flood.ts';
import { ask, http2Proxies } from '../support/http2.ts';
import { forEachEngine, type StartedProxy } from '../support/started-proxy.ts';
import { httpUpstream, rawUpstream } from '../support/upstream.ts';

const { ca, started } = http2Proxies();

type Version = 'HTTP/1.1' | 'HTTP/2';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

interface Client {
  readonly proxy: StartedProxy;
  /** `method` is GET unless given. */
  get(path: string, headers?: OutgoingHttpHeaders, method?: string): Promise<Reply>;
}

/** `text` is a script of about 200 KB, for everybody. */
const text = Buffer.from(
  Array.from({ length: 6000 }, (_, line) => `const value${line * 7} = ${line};\n`).join(''),
);
const script = { 'Content-Type': 'text/javascript', 'Cache-Control': 'public, immutable' };

async function client(version: Version, listener: RequestListener | string): Promise<Client> {
  const target = typeof listener === 'string' ? listener : (await httpUpstream(listener)).url;
  const { proxy, session } = await started(target, '--compress');
  const agent = new Agent({ ca, keepAlive: true });
  onTestFinished(() => agent.destroy());
  return {
    proxy,
    get: (path, headers = {}, method = 'GET') =>
      version === 'HTTP/2'
        ? overHttp2(session, path, headers, method)
        : overHttp1(agent, proxy.port, path, headers, method),
  };
}

async function overHttp1(
  agent: Agent,
  port: number,
  path: string,
  headers: OutgoingHttpHeaders,
  method: string,
): Promise<Reply> {
  const request = requestOverHttps({ agent, host: 'localhost', port, path, headers, method });
  request.on('error', () => undefined);
  request.end();
  const [body] = await once(request, 'response');
  return { status: body.statusCode, headers: body.headers, body };
}

async function overHttp2(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders,
  method: string,
): Promise<Reply> {
  const stream = ask(session, { ...headers, ':path': path, ':method': method });
  const [fields] = await once(stream, 'response');
  return { status: fields[':status'], headers: fields, body: stream };
}

async function bytesOf(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

const { zstdDecompressSync } = zlib as object as { zstdDecompressSync?: (bytes: Buffer) => Buffer };

function decoded(encoding: string | undefined, bytes: Buffer): Buffer {
  if (encoding === 'br') return brotliDecompressSync(bytes);
  if (encoding === 'gzip') return gunzipSync(bytes);
  if (encoding === 'zstd' && zstdDecompressSync !== undefined) return zstdDecompressSync(bytes);
  return bytes;
}

const sendScript: RequestListener = (_req, res) =>
  void res.writeHead(200, { ...script, 'Content-Length': text.length, ETag: '"v1"' }).end(text);

forEachEngine(() => {
  describe.each<Version>(['HTTP/1.1', 'HTTP/2'])('%s', (version) => {
    test.each([
      ['gzip', 'gzip'],
      ['br', 'br'],
      ['gzip, deflate, br;q=0.9', 'gzip'],
      ['zstd', zstdDecompressSync === undefined ? undefined : 'zstd'],
      ['deflate', undefined],
    ])('a script for a client with %j has the coding %j', async (accepted, encoding) => {
      const { get } = await client(version, sendScript);
      const { headers, body } = await get('/', { 'Accept-Encoding': accepted });
      const bytes = await bytesOf(body);
      expect(decoded(headers['content-encoding'], bytes).equals(text)).toBe(true);
      expect(headers).toMatchObject({ vary: 'Accept-Encoding', 'content-type': 'text/javascript' });
      expect(headers['content-encoding']).toBe(encoding);
      expect(headers.etag).toBe(encoding === undefined ? '"v1"' : 'W/"v1"');
      expect(headers['content-length']).toBe(encoding === undefined ? `${text.length}` : undefined);
      if (encoding !== undefined) expect(bytes.length).toBeLessThan(text.length / 3);
    });

    test('any body, in any parts, is decoded to what was sent', async () => {
      const plans = new Map<string, { parts: Buffer[]; isLengthKnown: boolean }>();
      const { get } = await client(version, async (req, res) => {
        const { parts = [], isLengthKnown = false } = plans.get(req.url ?? '') ?? {};
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        res.writeHead(200, { ...script, ...(isLengthKnown ? { 'Content-Length': length } : {}) });
        for (const part of parts) if (!res.write(part)) await once(res, 'drain');
        res.end();
      });
      let count = 0;
      const plan = record({
        sizes: fcArray(constantFrom(1, 100, 5000, 70_000, 300_000), { maxLength: 5 }),
        isRandom: constantFrom(true, false),
        isLengthKnown: constantFrom(true, false),
        encoding: constantFrom('gzip', 'br', 'zstd', 'identity'),
        seed: integer({ min: 0, max: 255 }),
      });
      await assert(
        asyncProperty(plan, async ({ sizes, isRandom, isLengthKnown, encoding, seed }) => {
          const parts = sizes.map((size) => (isRandom ? randomBytes(size) : Buffer.alloc(size, seed)));
          const path = `/${count++}`;
          plans.set(path, { parts, isLengthKnown });
          const { headers, body } = await get(path, { 'Accept-Encoding': encoding });
          const whole = decoded(headers['content-encoding'], await bytesOf(body));
          expect(whole.equals(Buffer.concat(parts))).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    test('what must not be compressed arrives as it was sent', async () => {
      const half = text.subarray(0, text.length / 2);
      const answers: Record<string, (res: ServerResponse) => unknown> = {
        '/range': (res) =>
          res
            .writeHead(206, { ...script, 'Content-Range': `bytes 0-${half.length - 1}/${text.length}` })
            .end(half),
        '/encoded': (res) => res.writeHead(200, { ...script, 'Content-Encoding': 'x' }).end(text),
        '/private': (res) => res.writeHead(200, { 'Content-Type': 'text/javascript' }).end(text),
        '/no-transform': (res) =>
          res.writeHead(200, { ...script, 'Cache-Control': 'public, no-transform' }).end(text),
        '/missing': (res) => res.writeHead(404, script).end(text),
      };
      const { get } = await client(version, (req, res) => answers[req.url ?? '']?.(res));
      for (const path of Object.keys(answers)) {
        const range = path === '/range' ? { Range: `bytes=0-${half.length - 1}` } : {};
        const { headers, body } = await get(path, { 'Accept-Encoding': 'gzip', ...range });
        expect(headers['content-encoding'], path).toBe(path === '/encoded' ? 'x' : undefined);
        expect((await bytesOf(body)).equals(path === '/range' ? half : text), path).toBe(true);
        expect(headers.vary, path).toBeUndefined();
      }
    });

    test('a response without a body stays without one, and names what it depends on', async () => {
      const { get } = await client(version, (req, res) => {
        if (req.headers['if-none-match'] === 'W/"v1"') res.writeHead(304, { ...script, ETag: '"v1"' }).end();
        else sendScript(req, res);
      });
      const head = await get('/', { 'Accept-Encoding': 'gzip' }, 'HEAD');
      expect((await bytesOf(head.body)).length).toBe(0);
      expect(head.headers).toMatchObject({ vary: 'Accept-Encoding', 'content-length': `${text.length}` });
      const same = await get('/', { 'Accept-Encoding': 'gzip', 'If-None-Match': 'W/"v1"' });
      expect((await bytesOf(same.body)).length).toBe(0);
      expect(same.status).toBe(304);
      expect(same.headers).toMatchObject({ vary: 'Accept-Encoding', etag: 'W/"v1"' });
      expect(same.headers).not.toHaveProperty('content-encoding');
    });

    test('a part of a body of unknown length does not wait for the next one', async () => {
      let response: ServerResponse | undefined;
      const { get } = await client(version, (_req, res) => {
        response = res;
        res.writeHead(200, script).write('first');
      });
      const { headers, body } = await get('/', { 'Accept-Encoding': 'gzip' });
      expect(headers['content-encoding']).toBe('gzip');
      const gunzip = body.pipe(zlib.createGunzip());
      expect(String((await once(gunzip, 'data'))[0])).toBe('first');
      response?.write('second');
      expect(String((await once(gunzip, 'data'))[0])).toBe('second');
      response?.end();
      await once(gunzip, 'end');
    });

    test('events are not held back', async () => {
      const { get } = await client(version, (_req, res) => {
        res
          .writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'public' })
          .write('data: 1\n\n');
      });
      const { headers, body } = await get('/', { 'Accept-Encoding': 'gzip' });
      expect(headers['content-encoding']).toBeUndefined();
      expect(String((await once(body, 'data'))[0])).toBe('data: 1\n\n');
      body.destroy();
    });

    test('a response that is cut never looks complete', async () => {
      const upstream = await rawUpstream((socket) => {
        const fields = 'Content-Type: text/css\r\nCache-Control: public\r\nContent-Length: 100000';
        socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${'part '.repeat(5000)}`, () => socket.destroy());
      });
      const { get, proxy } = await client(version, upstream.url);
      const cut = get('/', { 'Accept-Encoding': 'br' }).then(({ body }) => bytesOf(body));
      await expect(cut).rejects.toThrow();
      await expect.poll(() => proxy.log.join('\n')).toMatch(/GET \/ cut/);
    });

    test('a target is held back while its client does not read', async () => {
      let written = 0;
      const { get, proxy } = await client(version, (_req, res) => {
        const more = (): void => {
          const part = randomBytes(65_536);
          written += part.length;
          if (written < 100_000_000) res.write(part, more);
        };
        res.writeHead(200, { ...script, 'Content-Length': 1e9 });
        more();
      });
      const { headers, body } = await get('/', { 'Accept-Encoding': 'gzip' });
      expect(headers['content-encoding']).toBe('gzip');
      body.pause();
      await expectHeldBack(() => written);
      body.destroy();
      await expect.poll(() => proxy.engine.count().active, { timeout: 10_000 }).toBe(0);
    });

    test('clients that leave in the middle leave no encoder behind', async () => {
      const { get, proxy } = await client(version, (_req, res) => {
        res.writeHead(200, { ...script, 'Content-Length': 1e9 });
        res.write(randomBytes(500_000));
      });
      for (let count = 0; count < 40; count++) {
        const { headers, body } = await get(`/${count}`, { 'Accept-Encoding': 'gzip' });
        // a target may have 32
        expect(headers['content-encoding'], `${count}`).toBe('gzip');
        body.on('error', () => undefined);
        if (version === 'HTTP/2') body.once('data', () => body.destroy());
        else body.destroy();
        await expect.poll(() => proxy.engine.count().active, { timeout: 10_000 }).toBe(0);
      }
    });

    test('without --compress nothing is compressed', async () => {
      const upstream = await httpUpstream(sendScript);
      const { session, proxy } = await started(upstream.url);
      const headers = { 'Accept-Encoding': 'gzip, br' };
      const agent = new Agent({ ca });
      const reply =
        version === 'HTTP/2'
          ? await overHttp2(session, '/', headers, 'GET')
          : await overHttp1(agent, proxy.port, '/', headers, 'GET');
      expect((await bytesOf(reply.body)).equals(text)).toBe(true);
      expect(reply.headers.etag).toBe('"v1"');
      expect(reply.headers.vary).toBeUndefined();
    });
  });
});

test('a client that does not read keeps an encoder for a minute at most, if others need it', async () => {
  let now = 0;
  const lines: string[] = [];
  const log = createLineLogger('info', (line) => lines.push(line));
  const compress = responseCompression(
    log,
    createEncoders(() => now, 1),
  );
  const { url } = await httpUpstream((req, res) => {
    compress(req, res, req.url ?? '');
    res.writeHead(200, { ...script, ...(req.url === '/endless' ? {} : { 'Content-Length': text.length }) });
    if (req.url !== '/endless') res.end(text);
    else writeForEver(res);
  });
  const get = async (path: string) => {
    const request = requestOverHttp(`${url}${path}`, { headers: { 'Accept-Encoding': 'gzip' } }).end();
    const [response] = await once(request, 'response');
    return response;
  };
  const stalled = await get('/endless');
  stalled.pause().on('error', () => undefined);
  const closed = new Promise((resolve) => stalled.once('close', resolve));
  expect(stalled.headers['content-encoding']).toBe('gzip');
  // while it is the only encoder, the response of another client is as it was sent
  const other = await get('/');
  expect(other.headers).toMatchObject({ vary: 'Accept-Encoding', 'content-length': `${text.length}` });
  expect((await bytesOf(other)).equals(text)).toBe(true);
  // once the stalled client keeps it waiting for a minute
  await expect
    .poll(
      async () => {
        now += 60_001;
        const { headers } = (await get('/')).resume();
        return headers['content-encoding'];
      },
      { timeout: 60_000 },
    )
    .toBe('gzip');
  expect(lines.join('\n')).toMatch(/GET \/endless cut: nothing of it moved/);
  stalled.resume();
  await closed;
  expect(stalled.complete).toBe(false);
});

function writeForEver(res: ServerResponse): void {
  res.write(randomBytes(65_536), (error) => {
    if (!error && !res.destroyed) writeForEver(res);
  });
}
