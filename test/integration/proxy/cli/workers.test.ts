import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { childrenOf } from '../../../../portwrap/system/process.ts';
import { type Command, compiledCommand, freePort, runCommand } from '../support/command.ts';
import { rawClient } from '../support/raw-client.ts';
import { bodyOf, echoUpstream, rawUpstream, saying } from '../support/upstream.ts';

const main = compiledCommand();

async function started(more: string[] = []): Promise<{ command: Command; port: number }> {
  const port = await freePort();
  const argv = ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', '--port', `${port}`, '--workers', '2', ...more];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  await command.until('Proxy API at');
  return { command, port };
}

function workersOf(command: Command): readonly number[] {
  return childrenOf(command.child.pid ?? 0);
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

async function api(port: number, method: string, path: string, body?: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port + 1}/api/routes${path}`, {
    method,
    headers: { Authorization: 'token secret' },
    ...(body === undefined ? {} : { body }),
  });
  return answer.text();
}

/** The status, over a connection of its own, so that the workers take turns. */
async function status(port: number, path: string): Promise<number> {
  const client = rawClient(port, `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
  return Number((await client.untilClosed()).slice(9, 12));
}

/** The status, over a connection that may be used again. */
async function kept(port: number, agent: Agent): Promise<number> {
  const [answer] = await once(request({ port, host: '127.0.0.1', path: '/web', agent }).end(), 'response');
  await bodyOf(answer);
  return answer.statusCode;
}

test('a route is known to every worker as soon as the API has answered, and gone likewise', async () => {
  const upstream = await echoUpstream();
  const { command, port } = await started();
  expect(workersOf(command)).toHaveLength(2);
  for (let round = 0; round < 5; round++) {
    await api(port, 'POST', `/user/${round}`, JSON.stringify({ target: upstream.url }));
    const found = await Promise.all(Array.from({ length: 8 }, () => status(port, `/user/${round}`)));
    expect(found).toEqual(Array(8).fill(200));
    await api(port, 'DELETE', `/user/${round}`);
    const lost = await Promise.all(Array.from({ length: 8 }, () => status(port, `/user/${round}`)));
    expect(lost).toEqual(Array(8).fill(404));
  }
});

test('activity that a worker saw is in the answer of the API', async () => {
  const upstream = await echoUpstream();
  const { port } = await started(['--default-target', upstream.url]);
  const before =
    JSON.parse(await api(port, 'GET', '/')).last_activity ??
    JSON.parse(await api(port, 'GET', ''))['/'].last_activity;
  await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(before) + 5);
  await status(port, '/');
  const after = JSON.parse(await api(port, 'GET', ''))['/'].last_activity;
  expect(Date.parse(after)).toBeGreaterThan(Date.parse(before));
});

test('a worker that is killed is replaced, and its successor knows the routes', async () => {
  const upstream = await echoUpstream();
  const { command, port } = await started();
  await api(port, 'POST', '/user/a', JSON.stringify({ target: upstream.url }));
  const first = workersOf(command);
  for (const pid of first) process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => workersOf(command).filter((pid) => !first.includes(pid)).length, { timeout: 20_000 })
    .toBe(2);
  await expect.poll(() => status(port, '/user/a'), { timeout: 20_000 }).toBe(200);
  const again = await Promise.all(Array.from({ length: 8 }, () => status(port, '/user/a')));
  expect(again).toEqual(Array(8).fill(200));
  expect(command.stdout()).toMatch(/error: worker \d+ ended \(SIGKILL\); starting another/);
});

test('a worker that crashes again and again is started ever more slowly', async () => {
  const { command } = await started();
  const killed = new Set<number>();
  const next = (): number | undefined => workersOf(command).find((pid) => !killed.has(pid));
  while (!command.stdout().includes('in 400 ms')) {
    await expect.poll(next, { timeout: 20_000 }).toBeDefined();
    const pid = next() ?? 0;
    const replaced = (): number => command.stdout().split('starting another').length;
    const before = replaced();
    killed.add(pid);
    process.kill(pid, 'SIGKILL');
    await expect.poll(replaced, { timeout: 20_000 }).toBeGreaterThan(before);
  }
  const delays = [...command.stdout().matchAll(/starting another in (\d+) ms/g)].map(([, ms]) => Number(ms));
  expect(delays.slice(0, 3)).toEqual([100, 200, 400]);
  await expect.poll(() => workersOf(command).length, { timeout: 20_000 }).toBe(2);
});

test('metrics are those of all workers, as of now, timings included', async () => {
  const upstream = await saying(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
  );
  const web = await echoUpstream();
  const metricsPort = await freePort();
  const { port } = await started(['--metrics-ip', '127.0.0.1', '--metrics-port', `${metricsPort}`]);
  await api(port, 'POST', '/ws', JSON.stringify({ target: upstream.url }));
  await api(port, 'POST', '/web', JSON.stringify({ target: web.url }));
  for (let n = 0; n < 4; n++) expect(await status(port, '/web')).toBe(200);
  const open = Array.from({ length: 3 }, () =>
    rawClient(port, 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
  );
  for (const client of open) await client.until('hello');
  const metrics = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const text = await metrics();
  for (const line of [
    'portwrap_proxy_open_websockets 3',
    'portwrap_proxy_upstream_connections{state="upgraded"} 3',
    'portwrap_proxy_client_connections{state="upgraded"} 3',
    'portwrap_proxy_client_connections{state="active"} 0',
    'requests_web 4',
    'requests_ws 3',
    'requests_proxy{status="200"} 4',
    'requests_proxy{status="101"} 3',
    'portwrap_proxy_request_duration_seconds_bucket{le="+Inf"} 4',
    'portwrap_proxy_request_duration_seconds_count 4',
    'find_target_for_req_count 4',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).toMatch(/find_target_for_req\{quantile="0.5"\} [\d.e-]+\n/);
  for (const client of open) client.socket.destroy();
  await expect.poll(metrics).toMatch('portwrap_proxy_open_websockets 0');
});

test('SIGUSR2 renews the workers without a failed request, and lets a download end', async () => {
  const web = await echoUpstream();
  const slow = await rawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
  });
  const { command, port } = await started();
  await api(port, 'POST', '/web', JSON.stringify({ target: web.url }));
  await api(port, 'POST', '/slow', JSON.stringify({ target: slow.url }));
  const download = rawClient(port, 'GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
  await download.until('half');
  const first = workersOf(command);
  const seen: number[] = [];
  let asking = true;
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  onTestFinished(() => agent.destroy());
  const asker = async (ask: () => Promise<number>): Promise<void> => {
    while (asking) seen.push(await ask());
  };
  const askers = [
    asker(() => status(port, '/web')),
    asker(() => kept(port, agent)),
    asker(() => kept(port, agent)),
  ];
  await expect.poll(() => seen.length).toBeGreaterThan(20);
  command.child.kill('SIGUSR2');
  await command.until('Workers renewed');
  const then = seen.length;
  await expect.poll(() => seen.length).toBeGreaterThan(then + 20);
  // Only the one that has the download is left of the old ones.
  await expect
    .poll(() => first.filter((pid) => workersOf(command).includes(pid)).length, { timeout: 20_000 })
    .toBe(1);
  for (const socket of slow.sockets) socket.write('done');
  await download.until('halfdone');
  await expect.poll(() => first.every(isGone), { timeout: 20_000 }).toBe(true);
  asking = false;
  await Promise.all(askers);
  expect(new Set(seen)).toEqual(new Set([200]));
  expect(workersOf(command)).toHaveLength(2);
});

test('without workers SIGUSR2 says what it needs, and all goes on', async () => {
  const { command, port } = await started(['--workers', '1']);
  command.child.kill('SIGUSR2');
  await command.until('see --workers');
  expect(await status(port, '/none')).toBe(404);
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'when the command ends by %s, so do its workers',
  async (signal) => {
    const { command } = await started();
    const workers = workersOf(command);
    command.child.kill(signal);
    expect(await command.ended).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 2);
    await expect.poll(() => workers.every(isGone), { timeout: 20_000 }).toBe(true);
  },
);

test('a taken port is named, and nothing starts', async () => {
  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => {
    taken.close();
  });
  await once(taken, 'listening');
  const argv = ['--ip', '127.0.0.1', '--port', `${port}`, '--api-port', '0', '--workers', '2'];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  expect(await command.ended).toBe(98);
  expect(command.stderr()).toMatch(`cannot listen on 127.0.0.1:${port}: the address is already in use`);
});
