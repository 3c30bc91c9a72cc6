import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compiledCommand, freePort, runCommand } from '../support/command.ts';
import { rawClient } from '../support/raw-client.ts';
import { echoUpstream, rawUpstream } from '../support/upstream.ts';

const main = compiledCommand();

/** Whether nothing listens on the port. */
async function refuses(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'close').then(() => true),
  ]).catch(() => true);
  socket.destroy();
  return outcome;
}

const token = { CONFIGPROXY_AUTH_TOKEN: 'secret' };

test('the command serves its default target and its API on localhost at the next port', async () => {
  const upstream = await echoUpstream();
  const port = await freePort();
  const command = runCommand(main, [`--port=${port}`, '--ip', '', '--default-target', upstream.url], token);
  await command.until('Route added /');
  expect(await (await fetch(`http://127.0.0.1:${port}/x`)).json()).toMatchObject({ url: '/x' });
  const routes = await fetch(`http://localhost:${port + 1}/api/routes`, {
    headers: { Authorization: 'token secret' },
  });
  expect(await routes.json()).toMatchObject({ '/': { target: upstream.url } });
});

test('SIGTERM ends the command at once, also during a request and with a WebSocket open', async () => {
  const upstream = await rawUpstream((socket, received) => {
    if (/upgrade/i.test(received)) socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
  });
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-pid-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const pidFile = join(dir, 'pid');
  const argv = [
    '--port',
    `${port}`,
    '--ip',
    '127.0.0.1',
    '--default-target',
    upstream.url,
    '--pid-file',
    pidFile,
  ];
  const command = runCommand(main, argv, token);
  await command.until('Route added /');
  const download = rawClient(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await download.until('part');
  const socket = rawClient(
    port,
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  await socket.until('101');
  await expect.poll(() => existsSync(pidFile)).toBe(true);
  expect(readFileSync(pidFile, 'utf8')).toBe(`${command.child.pid}`);
  command.child.kill('SIGTERM');
  expect(await command.ended).toBe(2);
  await Promise.all([download.untilClosed(), socket.untilClosed()]);
  expect(existsSync(pidFile)).toBe(false);
});

test('with --drain-time a signal frees the ports at once and lets a download end; a second one ends it', async () => {
  const upstream = await rawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
  });
  const argv = ['--ip', '127.0.0.1', '--drain-time', '60000', '--default-target', upstream.url];
  for (const second of [false, true]) {
    const port = await freePort();
    const command = runCommand(main, [...argv, '--port', `${port}`], token);
    await command.until('Route added /');
    const download = rawClient(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await download.until('half');
    command.child.kill('SIGTERM');
    await expect.poll(() => refuses(port)).toBe(true);
    expect(download.closed()).toBe(false);
    if (second) command.child.kill('SIGTERM');
    else for (const socket of upstream.sockets) socket.write('done');
    await download.untilClosed();
    expect(download.received().endsWith('halfdone')).toBe(!second);
    expect(await command.ended).toBe(2);
  }
});

test.each(['--port', '--api-port'])('a taken %s is named, and nothing starts', async (flag) => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    taken.close();
  });
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const free = await freePort();
  const ports = flag === '--port' ? [port, free] : [free, port];
  const argv = [
    '--ip',
    '127.0.0.1',
    '--port',
    `${ports[0]}`,
    '--api-ip',
    '127.0.0.1',
    '--api-port',
    `${ports[1]}`,
  ];
  const command = runCommand(main, argv, token);
  expect(await command.ended).toBe(98);
  expect(command.stderr()).toMatch(`cannot listen on 127.0.0.1:${port}: the address is already in use`);
});

test.each([
  [['--nonsense'], "unknown option '--nonsense'"],
  [['--default-targt', 'http://h'], 'Did you mean --default-target?'],
  [['--custom-header', 'x'], 'A colon was expected in custom header: x'],
  [
    ['--error-target', 'http://h', '--error-path', '/p'],
    "'--error-path <DIR>' cannot be used with option '--error-target <URL>'",
  ],
  [['--redirect-port', '80'], 'needs --ssl-key and --ssl-cert'],
  [['--port', 'http'], '--port must be a port number from 0 to 65535, not "http"'],
  [['--socket', '/s', '--port', '1'], 'cannot be used with option'],
])('the wrong command line %j ends with 1 and says why', async (argv, message) => {
  const command = runCommand(main, argv);
  expect(await command.ended).toBe(1);
  expect(command.stderr()).toMatch(message);
});

test('--version and --help print and end with 0', async () => {
  const version = runCommand(main, ['-V']);
  expect(await version.ended).toBe(0);
  expect(version.stdout()).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  const help = runCommand(main, ['-h']);
  expect(await help.ended).toBe(0);
  expect(help.stdout()).toMatch('--default-target URL');
});
