// --http2 on a bad day: large header sections, clients that are far away, silent or hostile, uploads nobody reads.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type ClientHttp2Session, constants } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { answerOf, ask, http2Proxies } from '../support/http2.ts';
import { cancel, frame, preface, request } from '../support/http2-frames.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { bodyOf, httpUpstream, rawUpstream } from '../support/upstream.ts';

const { ca, started, connected } = http2Proxies();

forEachEngine(() => {
  test('a response with 60 KB of fields arrives as over HTTP/1.1', async () => {
    const large = 'x'.repeat(60_000);
    const upstream = await httpUpstream((_req, res) => res.writeHead(200, { 'X-Large': large }).end('ok'));
    const { session } = await started(upstream.url);
    const { headers, body } = await answerOf(ask(session, { ':path': '/' }));
    expect([headers['x-large'], body]).toEqual([large, 'ok']);
  });

  test('a request with 60 KB of fields arrives, one with more is refused with 431 and a log line', async () => {
    const upstream = await rawUpstream((socket, received) => {
      const answer = `${received.length}`;
      if (received.endsWith('\r\n\r\n'))
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
    });
    const { proxy, session } = await started(upstream.url);
    const fields = (each: number) => Object.fromEntries([1, 2, 3].map((n) => [`x-${n}`, 'y'.repeat(each)]));
    const { body } = await answerOf(ask(session, { ':path': '/', ...fields(20_000) }));
    expect(Number(body)).toBeGreaterThan(60_000);
    const { headers } = await answerOf(ask(session, { ':path': '/', ...fields(30_000) }));
    expect(headers[':status']).toBe(431);
    expect(proxy.log.join('')).toMatch(/warn: 431 HTTP\/2 127\.0\.0\.1 the header section is too large/);
  });

  test('an early refusal ends the upload, and the connection goes on', async () => {
    const upstream = await rawUpstream((socket, received) => {
      if (received.startsWith('PUT')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig');
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const { session } = await started(upstream.url);
    const stream = ask(session, { ':method': 'PUT', ':path': '/' }, false);
    const closed = once(stream, 'close');
    stream.write('x');
    const { headers, body } = await answerOf(stream);
    expect([headers[':status'], body]).toEqual([413, 'big']);
    await closed;
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect((await answerOf(ask(session, { ':path': '/' }))).body).toBe('ok');
  });

  test('the windows grow for an upload that is read', async () => {
    const upstream = await httpUpstream(async (req, res) => res.end(`${(await bodyOf(req)).length}`));
    const { session } = await started(upstream.url);
    const upload = ask(session, { ':method': 'PUT', ':path': '/' }, false);
    upload.end(Buffer.alloc(1_000_000));
    expect((await answerOf(upload)).body).toBe('1000000');
    expect(session.remoteSettings.initialWindowSize).toBe(4 * 1024 * 1024);
    expect(session.state.remoteWindowSize).toBeGreaterThan(4 * 1024 * 1024);
  });

  test('the windows grow further for a large upload, and an idle connection gives that back', async () => {
    const upstream = await httpUpstream(async (req, res) => res.end(`${(await bodyOf(req)).length}`));
    const { session } = await started(upstream.url);
    let largest = 0;
    session.on('remoteSettings', ({ initialWindowSize = 0 }) => {
      largest = Math.max(largest, initialWindowSize);
    });
    const upload = ask(session, { ':method': 'PUT', ':path': '/' }, false);
    upload.end(Buffer.alloc(5_000_000));
    expect((await answerOf(upload)).body).toBe('5000000');
    expect(largest).toBe(((8 + 7 + 6.125) / 2) * 1024 * 1024);
    await expect.poll(() => session.remoteSettings.initialWindowSize).toBe(4 * 1024 * 1024);
    const again = ask(session, { ':method': 'PUT', ':path': '/' }, false);
    again.end(Buffer.alloc(5_000_000));
    expect((await answerOf(again)).body).toBe('5000000');
  });

  test('a connection whose windows have grown holds at most 42 MB that nobody reads', async () => {
    const { session } = await started(await stallingUpstream());
    const read = ask(session, { ':method': 'PUT', ':path': '/ok' }, false);
    read.end(Buffer.alloc(1_000_000));
    await answerOf(read);
    const stalled = stalledUploads(session, 20);
    await expectStill(() => stalled.sent());
    expect(stalled.sent()).toBeLessThan(60_000_000);
    expect((await answerOf(ask(session, { ':path': '/ok' }))).body).toBe('ok');
  });

  test('a flood of resets closes its connection, reaches no target, and others are served', async () => {
    let reached = 0;
    const upstream = await httpUpstream((req, res) => {
      if (req.url === '/ok') res.end('ok');
      else reached += 1;
    });
    const { proxy } = await started(upstream.url);
    const { client } = await framesClient(proxy.port);
    const closed = once(client, 'close');
    for (let id = 1; id < 1000; id += 2) {
      client.write(Buffer.concat([request(id), cancel(id)]));
    }
    await closed;
    expect(proxy.log.join('')).toMatch(/warn: HTTP\/2 127\.0\.0\.1 .*: its connection is closed/);
    expect(reached).toBeLessThan(100);
    expect((await answerOf(ask(connected(proxy.port), { ':path': '/ok' }))).body).toBe('ok');
  });

  test('a browser that leaves a page with a hundred requests keeps its connection', async () => {
    const upstream = await httpUpstream((req, res) => {
      if (req.url === '/ok') res.end('ok');
    });
    const { session } = await started(upstream.url);
    const page = Array.from({ length: 100 }, () => ask(session, { ':path': '/' }));
    await expect.poll(() => upstream.accepted()).toBeGreaterThan(50);
    for (const stream of page) stream.close(constants.NGHTTP2_CANCEL);
    expect((await answerOf(ask(session, { ':path': '/ok' }))).body).toBe('ok');
  });
});

test('a client that is silent, and does not even answer pings, keeps its request', async () => {
  let answer = () => {};
  const upstream = await httpUpstream((_req, res) => {
    answer = () => res.end('late');
  });
  const { proxy } = await started(upstream.url, '--keep-alive-timeout', '100');
  const { client, received } = await framesClient(proxy.port);
  client.write(request(1));
  const ping = '\0\0\x08\x06\0\0\0\0\0';
  await expect.poll(received).toContain(ping);
  // as long as connections that are idle are closed several times over
  for (let time = 0; time < 5; time++) await once(connected(proxy.port), 'close');
  answer();
  await expect.poll(received).toContain('late');
});

test('the metrics count a connection with open streams as active', async () => {
  const upstream = await httpUpstream(() => undefined);
  const { proxy, session } = await started(upstream.url, '--metrics-ip', '127.0.0.1', '--metrics-port', '0');
  const counted = async () => {
    const text = await (await fetch(`http://127.0.0.1:${proxy.metricsPort}/metrics`)).text();
    return [...text.matchAll(/client_connections\{state="(idle|active)"\} (\d+)/g)].map((match) => match[2]);
  };
  const streams = [1, 2].map(() => ask(session, { ':path': '/' }));
  await expect.poll(counted).toEqual(['0', '1']);
  for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
  await expect.poll(counted).toEqual(['1', '0']);
});

test('what the parser of HTTP/1.1 refuses is logged, too', async () => {
  const proxy = await startedProxy();
  await rawClient(proxy.port, `GET / HTTP/1.1\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`).untilClosed();
  expect(proxy.log.join('')).toMatch(/warn: 431 HTTP\/1\.1 127\.0\.0\.1 the header section is too large/);
});

/** A client that sends frames, and neither answers pings nor acknowledges anything. */
async function framesClient(port: number) {
  const client = connectTls({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2'] });
  client.on('error', () => undefined);
  onTestFinished(() => void client.destroy());
  await once(client, 'secureConnect');
  let received = '';
  client.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  client.write(Buffer.concat([preface, frame(4, 0, 0), frame(4, 1, 0)]));
  return { client, received: () => received };
}

/** Reads nothing of an upload, except to /ok; on a Unix socket, for which the kernel holds little. */
async function stallingUpstream(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-proxy-stall-'));
  const path = join(directory, 'socket');
  const server = createServer((req, res) => {
    if (req.url !== '/ok') return;
    req.resume();
    req.once('end', () => res.end('ok'));
  }).listen(path);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  });
  return `http+unix://${encodeURIComponent(path)}`;
}

/** Uploads as much as is taken; counts what has left this side. */
function stalledUploads(session: ClientHttp2Session, count: number): { sent(): number } {
  const before = session.socket.bytesWritten;
  for (let upload = 0; upload < count; upload++) {
    ask(session, { ':method': 'PUT', ':path': '/stall' }, false).write(Buffer.alloc(8_000_000));
  }
  return { sent: () => session.socket.bytesWritten - before };
}

async function expectStill(value: () => number): Promise<void> {
  let before = -1;
  const isStill = () => {
    const still = value() === before && before > 100_000;
    before = value();
    return still;
  };
  await expect.poll(isStill, { interval: 500, timeout: 30_000 }).toBe(true);
}
