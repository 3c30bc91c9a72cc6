import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Command, compiledCommand, freePort, runCommand } from './support/command.ts';
import { rawClient } from './support/rawClient.ts';
import { echoUpstream } from './support/upstream.ts';

const main = compiledCommand();

async function started(more: string[] = []): Promise<{ command: Command; port: number }> {
  const port = await freePort();
  const argv = ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', '--port', `${port}`, '--workers', '2', ...more];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  await command.until('Proxy API at');
  return { command, port };
}

function workersOf(command: Command): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === command.child.pid)
    .map(([pid = 0]) => pid);
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
  expect(command.stderr()).toMatch(
    `cannot listen on 127.0.0.1:${port}: something else listens there already`,
  );
});
