// Sockets that a service manager keeps open: over a restart or a kill -9 of the proxy no client is refused.
// systemd does not run here; a stand-in (test/fixtures/proxy/service-manager.py) hands the sockets over as it does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Command, compiledCommand, freePort, runProgram } from '../support/command.ts';
import { echoUpstream } from '../support/upstream.ts';

const main = compiledCommand();
const manager = join(import.meta.dirname, '../../../fixtures/proxy/service-manager.py');

async function managed(more: readonly string[]): Promise<{ command: Command; port: number; api: string }> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-proxy-inherited-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const argv = [
    ...[manager, `public=${port}`, `api=${port + 1}`, '--', process.execPath, main],
    ...['--storage-file', join(directory, 'routes.json'), '--drain-time', '5000', ...more],
  ];
  const command = runProgram('python3', argv, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  const api = `http://127.0.0.1:${port + 1}/api/routes`;
  const { url } = await echoUpstream();
  const body = JSON.stringify({ target: url });
  const headers = { authorization: 'token secret' };
  await command.until('started');
  // it waits in the socket's queue until the proxy is there
  expect((await fetch(`${api}/web`, { method: 'POST', headers, body })).status).toBe(201);
  return { command, port, api };
}

const startsOf = (command: Command) =>
  [...command.stdout().matchAll(/started (\d+)/g)].map(([, pid]) => Number(pid));

/** The status of an answer over a connection of its own, or the code of the failure. */
function outcome(port: number): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path: '/web', agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

/** Asks all the time until `work` is done; what came of it, each kind once. */
async function outcomesDuring(
  port: number,
  work: () => Promise<void>,
): Promise<Set<number | string | undefined>> {
  const seen = new Set<number | string | undefined>();
  let done = false;
  const client = async () => {
    while (!done) seen.add(await outcome(port));
  };
  const clients = Array.from({ length: 4 }, client);
  await work();
  done = true;
  await Promise.all(clients);
  return seen;
}

/** Ends the proxy that runs, and returns when the next one serves. */
async function endWith(signal: NodeJS.Signals, command: Command, api: string): Promise<void> {
  const before = startsOf(command);
  process.kill(before.at(-1) ?? 0, signal);
  await expect.poll(() => startsOf(command).length, { timeout: 20_000 }).toBe(before.length + 1);
  await expectRoutes(api);
}

async function expectRoutes(api: string): Promise<void> {
  const routes = await fetch(api, { headers: { authorization: 'token secret' } });
  expect(Object.keys((await routes.json()) as object)).toEqual(['/web']);
}

test.each([[[]], [['--workers', '2']]])('with %j no request fails over a restart', async (more) => {
  const { command, port, api } = await managed(more);
  const seen = await outcomesDuring(port, async () => {
    await endWith('SIGTERM', command, api);
    await endWith('SIGTERM', command, api);
  });
  expect([...seen]).toEqual([200]);
  expect(command.stdout()).toContain('Proxying http on the activated socket 3 to');
});

test('after a kill -9 clients wait for the next proxy, and none is refused', async () => {
  const { command, port, api } = await managed([]);
  const seen = await outcomesDuring(port, () => endWith('SIGKILL', command, api));
  seen.delete('ECONNRESET'); // what the proxy had in its hands
  expect([...seen]).toEqual([200]);
});

test.each(['1', '2'])(
  'who waits for the first start of %s processes is served, never told of no route',
  async (workers) => {
    const port = await freePort();
    const { url } = await echoUpstream();
    const options = ['--workers', workers, '--api-port', `${port + 1}`, '--default-target', url];
    const argv = [manager, `public=${port}`, '--', process.execPath, main, ...options];
    const command = runProgram('python3', argv, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
    await command.until('started');
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => outcome(port)));
    expect(new Set(outcomes)).toEqual(new Set([200]));
  },
);

test('when all workers are killed at once the proxy ends, and the next one has its sockets', async () => {
  const { command, port, api } = await managed(['--workers', '2']);
  const workers = execFileSync('pgrep', ['-P', `${startsOf(command)[0]}`], { encoding: 'utf8' });
  const pids = workers.trim().split('\n').map(Number);
  expect(pids).toHaveLength(2);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await expect.poll(() => startsOf(command).length, { timeout: 20_000 }).toBe(2);
  await expectRoutes(api);
  expect(await outcome(port)).toBe(200);
  expect(command.stdout()).toContain('all workers have ended');
});

test('a descriptor that is no socket is named, and nothing starts', async () => {
  const script = 'export LISTEN_PID=$$; exec "$@" 3</dev/null';
  const argv = ['-c', script, 'sh', process.execPath, main, '--api-port', String(await freePort())];
  const command = runProgram('sh', argv, { LISTEN_FDS: '1' });
  expect(await command.ended).toBe(98);
  expect(command.stderr()).toMatch(
    'the proxy cannot listen on the activated socket 3: it is not a listening socket',
  );
});
