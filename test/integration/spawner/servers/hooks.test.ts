// Commands of the administrator before a start and after an end, with a real service and real sandboxes. Each writes into
// the file that its user's name gives, in a directory of the test.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { needsRoot } from '../../../support/reasons.ts';
import { processesBelow, serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const notes = mkdtempSync(join(tmpdir(), 'hooks-'));
chmodSync(notes, 0o777);
afterAll(() => rmSync(notes, { recursive: true, force: true }));

const script = join(notes, 'hook.sh');
writeFileSync(
  script,
  `#!/bin/sh
echo "$1 uid $(id -u) server $PORTWRAP_SERVER of $PORTWRAP_USER home $PORTWRAP_HOME token \${JUPYTERHUB_API_TOKEN-none}" >> "${notes}/$PORTWRAP_USER"
echo "this is $1"
shift
exec "$@"
`,
  { mode: 0o755 },
);

const hook = (word: string, more = '', ...then: string[]) =>
  `{command: ${JSON.stringify([script, word, ...(then.length > 0 ? then : ['true'])])}${more}}`;
const profile = (name: string, hooks: string) => `
  - name: ${name}
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
    hooks: {${hooks}}`;

const test = serviceTest(
  [
    profile('both', `before_start: ${hook('before')}, after_end: ${hook('after')}`),
    profile(
      'user',
      `before_start: ${hook('before', ', run_as: user')}, after_end: ${hook('after', ', run_as: user')}`,
    ),
    profile(
      'refuses',
      `before_start: ${hook('before', '', 'sh', '-c', 'exit 3')}, after_end: ${hook('after')}`,
    ),
    profile('slow', `before_start: ${hook('before', ', timeout: 0.5', 'sleep', '1234')}`),
    profile('waits', `before_start: ${hook('before', '', 'sh', '-c', 'sleep 4321 & wait')}`),
    profile('missing', 'before_start: {command: [/no/such/program]}'),
    profile('fails-after', `after_end: ${hook('after', '', 'sh', '-c', 'exit 4')}`),
  ].join(''),
);

let serial = 0;
const start = (service: TestService, user: string, profileName: string) =>
  service.start(user, {
    spawn_id: `hooks-id-${serial++}`,
    profile: profileName,
    env: { JUPYTERHUB_API_TOKEN: 'a-secret-of-the-hub' },
  });
const stop = (service: TestService, user: string) => service.call('DELETE', serverPath(user));
const notesOf = (user: string) => readFileSync(join(notes, user), 'utf8').trim().split('\n');
const own = process.getuid?.() ?? 0;

test('the commands run before the start and after the end, know whose server it is, and get no token', async ({
  service,
}) => {
  const last = (await start(service, 'ann', 'both')).at(-1);
  expect(last).toMatchObject({ ready: true });
  const home = join(service.directory, 'homes/ann');
  const line = (word: string) => `${word} uid ${own} server  of ann home ${home} token none`;
  expect(notesOf('ann')).toEqual([line('before')]);
  const logs = join(service.stateDirectory, 'logs');
  expect(readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'))[0]).toContain(
    'this is before',
  );
  await stop(service, 'ann');
  expect(notesOf('ann')).toEqual([line('before'), line('after')]);
});

test('run_as: user is the account of the server', needsRoot, async ({ service }) => {
  await start(service, 'bea', 'user');
  await stop(service, 'bea');
  const uids = notesOf('bea').map((note) => Number(/uid (\d+)/.exec(note)?.[1]));
  expect(uids).toHaveLength(2);
  for (const uid of uids) expect(uid).toBeGreaterThanOrEqual(200_000);
});

test('a failure before the start refuses it with its last words, nothing runs, and the end follows', async ({
  service,
}) => {
  const last = (await start(service, 'cleo', 'refuses')).at(-1);
  expect(last).toMatchObject({ failed: true, error: { code: 'HOOK_FAILED', log: ['this is before'] } });
  expect(last?.message).toBe("the administrator's command hooks.before_start ended with exit code 3");
  expect(notesOf('cleo').map((note) => note.split(' ')[0])).toEqual(['before', 'after']);
  expect((await service.call('GET', serverPath('cleo'))).body).toMatchObject({ state: 'exited', pid: null });
});

test('a command that does not end in time is killed, and that is a failure', async ({ service }) => {
  const last = (await start(service, 'dan', 'slow')).at(-1);
  expect(last).toMatchObject({ failed: true, error: { code: 'HOOK_FAILED' } });
  expect(last?.message).toContain('did not end within 0.5 s');
  expect(processesBelow(service.directory, '1234')).toEqual([]);
});

test('a stop ends a command before the start, with all that it has started', async ({ service }) => {
  const started = start(service, 'eva', 'waits');
  await expect.poll(() => processesBelow(service.directory, '4321').length, { timeout: 60_000 }).toBe(2);
  await stop(service, 'eva');
  expect((await started).at(-1)).toMatchObject({ failed: true, error: { code: 'SPAWN_CANCELLED' } });
  await expect.poll(() => processesBelow(service.directory, '4321'), { timeout: 60_000 }).toEqual([]);
});

test('a program that is missing is a failure of the command, by its path', async ({ service }) => {
  const last = (await start(service, 'fay', 'missing')).at(-1);
  expect(last).toMatchObject({ failed: true, error: { code: 'HOOK_FAILED' } });
  expect(last?.message).toContain('/no/such/program');
});

test('a failure after the end is in the log of the service, and the server has ended', async ({
  service,
}) => {
  await start(service, 'gil', 'fails-after');
  expect((await stop(service, 'gil')).status).toBe(204);
  expect(service.logged()).toMatch(/hooks\.after_end ended with exit code 4/);
});

test('a service that was killed runs the command when the server ends, also without the profile', async ({
  service,
}) => {
  await start(service, 'hal', 'both');
  await service.restart('SIGKILL', () => {
    const text = readFileSync(service.config, 'utf8');
    writeFileSync(service.config, text.replace('name: both', 'name: renamed'));
  });
  await stop(service, 'hal');
  expect(notesOf('hal').map((note) => note.split(' ')[0])).toEqual(['before', 'after']);
});
