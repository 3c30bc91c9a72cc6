// Who is believed about X-Forwarded-*, and what a target is told of the client's address.
import { expect, test } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { echoUpstream, rawUpstream } from '../support/upstream.ts';

const claims = {
  'X-Forwarded-For': '9.9.9.9, 10.0.0.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'liar',
  'X-Forwarded-Port': '443',
  Forwarded: 'for=9.9.9.9',
  'X-Real-IP': '8.8.8.8',
};

forEachEngine(() => {
  async function seen(argv: string[]): Promise<Record<string, string>> {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url, ...argv]);
    const answer = await fetch(`${proxy.url}/`, { headers: claims });
    return ((await answer.json()) as { headers: Record<string, string> }).headers;
  }

  test('without a list everybody is believed, and X-Real-IP passes as it was sent', async () => {
    expect(await seen([])).toMatchObject({
      'x-forwarded-for': '9.9.9.9, 10.0.0.7,127.0.0.1',
      'x-forwarded-proto': 'https,http',
      'x-forwarded-host': 'liar',
      forwarded: 'for=9.9.9.9',
      'x-real-ip': '8.8.8.8',
    });
  });

  test('what a peer that is not on the list says is replaced', async () => {
    const headers = await seen(['--trusted-proxy', '10.0.0.0/8', '--trusted-proxy', '::1']);
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-real-ip': '127.0.0.1',
    });
    expect(headers['x-forwarded-host']).toMatch(/^127\.0\.0\.1:/);
    expect(headers).not.toHaveProperty('forwarded');
  });

  test('a peer on the list is believed; X-Real-IP is the last address that is not on it', async () => {
    const argv = ['--trusted-proxy', '127.0.0.0/8', '--trusted-proxy', '10.0.0.0/8'];
    expect(await seen(argv)).toMatchObject({
      'x-forwarded-for': '9.9.9.9, 10.0.0.7,127.0.0.1',
      'x-forwarded-proto': 'https,http',
      'x-forwarded-host': 'liar',
      'x-real-ip': '9.9.9.9',
    });
    expect(await seen(['--trusted-proxy', '127.0.0.1'])).toMatchObject({ 'x-real-ip': '10.0.0.7' });
  });

  test('no Connection option takes away what the target is told, and no "_" gets a lie through', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url, '--trusted-proxy', '10.0.0.1']);
    const lies = 'X_Real_IP: 8.8.8.8\r\nX_Forwarded_For: 9.9.9.9';
    const client = rawClient(
      proxy.port,
      `GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Real-IP, X-Forwarded-For\r\n${lies}\r\n\r\n`,
    );
    const answer = await client.untilClosed();
    expect(answer).toMatch('"x-real-ip":"127.0.0.1"');
    expect(answer).toMatch('"x-forwarded-for":"127.0.0.1"');
    expect(answer).not.toMatch(/8\.8\.8\.8|9\.9\.9\.9/);
  });

  test('with --no-x-forward nothing is said, and lies are still taken out', async () => {
    const headers = await seen(['--trusted-proxy', '10.0.0.1', '--no-x-forward']);
    for (const name of Object.keys(claims)) expect(headers).not.toHaveProperty(name.toLowerCase());
  });

  test('the list holds for WebSockets too', async () => {
    let head = '';
    const upstream = await rawUpstream((socket, received) => {
      head = received;
      if (received.endsWith('\r\n\r\n')) socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
    });
    const proxy = await startedProxy(['--default-target', upstream.url, '--trusted-proxy', '10.0.0.1']);
    const ask = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    await rawClient(proxy.port, `${ask}x-forwarded-for: 9.9.9.9\r\nX-REAL-IP: 8.8.8.8\r\n\r\n`).until('403');
    expect(head).toMatch(/x-forwarded-for: 127\.0\.0\.1\r\n/i);
    expect(head).toMatch(/x-real-ip: 127\.0\.0\.1\r\n/i);
    expect(head).not.toMatch(/8\.8\.8\.8|9\.9\.9\.9/);
  });
});
