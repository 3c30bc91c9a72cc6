// What the service's journal says when something of a server fails: the code, the reason, what to do, and whose server
// it was, at level warn or error; and nothing that a server has written itself.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const warn = 40;
const error = 50;

const test = serviceTest(`
  - name: web
    command: [sh, -c, "exec /usr/bin/python3 -u -m http.server 8888"]
  - name: dying
    command: [sh, -c, "echo secret-of-the-server; exit 3"]
  - name: waiting
    command: [sleep, "1000"]
  - name: misplaced
    files: {read_only: [/does/not/exist]}
`);

type Entry = { level: number; msg: string; user?: string } & Record<string, unknown>;

/** What the journal says at level warn or above about `user`. */
function troubles(service: TestService, user: string): Entry[] {
  return service
    .logged()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Entry)
    .filter((entry) => entry.level >= warn && (entry.user === user || `${entry.path}`.includes(`/${user}/`)));
}

test('a server that dies in its start: a warning, with the path of its log but none of its words', async ({
  service,
}) => {
  await service.start('ann', { spawn_id: 'journal-ann-1', profile: 'dying' }, 'second');
  await expect.poll(() => troubles(service, 'ann')).toHaveLength(1);
  const [entry] = troubles(service, 'ann');
  expect(entry).toMatchObject({
    ...{ level: warn, msg: 'the start failed', hub: 'hub', user: 'ann', server: 'ann/second' },
    ...{ spawn_id: 'journal-ann-1', code: 'SERVER_DIED' },
    reason: 'the server ended before it was ready: it ended with exit code 3',
    hint: 'The last lines of its log say why.',
    log_file: expect.stringMatching(/\/logs\/[0-9a-f]{12}\.log$/),
  });
  expect(readFileSync(`${entry?.log_file}`, 'utf8')).toContain('secret-of-the-server');
  expect(service.logged()).not.toContain('secret-of-the-server');
});

test('a start that fails by this machine: an error', async ({ service }) => {
  await service.start('bea', { spawn_id: 'journal-bea-1', profile: 'misplaced' });
  await expect
    .poll(() => troubles(service, 'bea'))
    .toMatchObject([
      {
        ...{ level: error, msg: 'the start failed', server: 'bea', code: 'SANDBOX_FAILED' },
        reason: 'the path /does/not/exist does not exist on this machine',
        hint: expect.stringContaining('make the path'),
      },
    ]);
});

test('a start that is refused: a warning with the address that names user and server', async ({
  service,
}) => {
  await service.call('POST', serverPath('cat'), { spawn_id: 'journal-cat-1', profile: 'none' });
  await expect
    .poll(() => troubles(service, 'cat'))
    .toMatchObject([
      { level: warn, msg: 'a start was refused', code: 'PROFILE_UNKNOWN', path: '/api/users/cat/server' },
    ]);
});

test('a start that a restart of the service cut off: a warning', async ({ service }) => {
  await service.call('POST', serverPath('dan'), { spawn_id: 'journal-dan-1', profile: 'waiting' });
  await service.restart('SIGKILL', () => {
    // as it is on disk while the sandbox is being built
    const [path, text] = recordFiles(service).find(([, content]) => content.includes('journal-dan-1')) ?? [
      '',
      'null',
    ];
    writeFileSync(path, JSON.stringify({ ...JSON.parse(text), state: 'starting', sandbox: null }));
  });
  await expect
    .poll(() => troubles(service, 'dan'))
    .toMatchObject([
      {
        level: warn,
        msg: 'the start failed',
        server: 'dan',
        code: 'SPAWN_CANCELLED',
        hint: 'Start it again.',
      },
    ]);
});

test('a server that was killed from outside without a trace: a warning', async ({ service }) => {
  await service.start('eve', { spawn_id: 'journal-eve-1', profile: 'web' });
  const { pid } = (await service.call('GET', serverPath('eve'))).body;
  const monitor = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  process.kill(monitor, 'SIGKILL');
  await expect
    .poll(() => troubles(service, 'eve'))
    .toMatchObject([
      {
        level: warn,
        server: 'eve',
        msg: 'ended: killed from outside, or its exit code is unknown',
      },
    ]);
});

test('a forwarder that died: a warning that names the server and says that it was replaced', async ({
  service,
}) => {
  await service.start('fay', { spawn_id: 'journal-fay-1', profile: 'web' });
  const records = readRecord(service, 'journal-fay-1');
  process.kill(records.sandbox.forwarder.pid, 'SIGKILL');
  await expect
    .poll(() => troubles(service, 'fay'))
    .toMatchObject([
      { level: warn, hub: 'hub', server: 'fay', spawn_id: 'journal-fay-1', forwarder: 'reattached' },
    ]);
});

test('an end that somebody asked for is no trouble', async ({ service }) => {
  await service.start('gus', { spawn_id: 'journal-gus-1', profile: 'web' });
  await service.call('DELETE', serverPath('gus'));
  await expect.poll(service.logged).toMatch(/"spawn_id":"journal-gus-1".*"msg":"ended"/);
  expect(troubles(service, 'gus')).toEqual([]);
});

function readRecord(service: TestService, spawnId: string): { sandbox: { forwarder: { pid: number } } } {
  const [, text = 'null'] = recordFiles(service).find(([, content]) => content.includes(spawnId)) ?? [];
  return JSON.parse(text) as { sandbox: { forwarder: { pid: number } } };
}

function recordFiles(service: TestService): [path: string, text: string][] {
  const directory = join(service.stateDirectory, 'records');
  const paths = readdirSync(directory).map((name) => join(directory, name));
  return paths.map((path) => [path, readFileSync(path, 'utf8')]);
}
