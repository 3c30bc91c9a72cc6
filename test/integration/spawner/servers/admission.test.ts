// Who may start, how often, and what they may choose: limits, the queue, options, repeated and changed requests.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { entriesBelow, pathOf } from '../../../support/machine/tree.ts';
import { serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const profiles = `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
    max_servers: 3
  - name: tells
    command: [sh, -c, "printf %s \\"$SIZE\\" > size.txt; exec /usr/bin/python3 -m http.server 8888"]
    options: [{name: size, variable: SIZE, choices: [small, large], default: small}]
  - name: silent
    command: [sleep, "1000"]
  - name: stubborn
    stop_timeout: 600
    command: [sh, -c, "trap '' TERM; /usr/bin/python3 -m http.server 8888 & while :; do wait; done"]
`;

const test = serviceTest(profiles, 'limits: {servers: 6, servers_per_user: 2, concurrent_starts: 1}');

let serial = 0;
const newId = () => `admission-${serial++}`;
const post = (service: TestService, user: string, fields: object, name = '') =>
  service.call('POST', serverPath(user, name), { spawn_id: newId(), ...fields });
const stop = (service: TestService, user: string, name = '') =>
  service.call('DELETE', `${serverPath(user, name)}?now=true`);
const messages = (service: TestService, user: string) =>
  progressSoFar(`${service.url}/api${serverPath(user)}/progress`);

test('a user reaches the limit of a user, and a stop makes room again', async ({ service }) => {
  for (const name of ['one', 'two']) await service.start('ann', { spawn_id: newId(), profile: 'web' }, name);
  const refused = await post(service, 'ann', { profile: 'web' }, 'three');
  expect(refused).toMatchObject({ status: 429, body: { code: 'LIMIT_REACHED', server: 'ann/three' } });
  await stop(service, 'ann', 'one');
  expect((await post(service, 'ann', { profile: 'web' }, 'three')).status).toBe(202);
  for (const name of ['two', 'three']) await stop(service, 'ann', name);
});

test('a profile that is full refuses by name', async ({ service }) => {
  for (const user of ['p1', 'p2', 'p3'])
    expect((await post(service, user, { profile: 'web' })).status).toBe(202);
  const refused = await post(service, 'p4', { profile: 'web' });
  expect(refused).toMatchObject({ status: 429, body: { code: 'LIMIT_REACHED' } });
  expect(refused.body.message).toContain('"web"');
  for (const user of ['p1', 'p2', 'p3']) await stop(service, user);
});

test('starts wait for their turn and say so; a stop of one that waits is done at once; the next moves up', async ({
  service,
}) => {
  await post(service, 'first', { profile: 'silent' }); // never answers, so it keeps its place
  await post(service, 'second', { profile: 'tells' });
  await post(service, 'third', { profile: 'tells' });
  expect(await messages(service, 'second')).toEqual(['Waiting in the start queue; starts ahead: 0']);
  expect(await messages(service, 'third')).toEqual(['Waiting in the start queue; starts ahead: 1']);
  expect((await stop(service, 'second')).status).toBe(204);
  await expect
    .poll(() => messages(service, 'third'))
    .toContain('Waiting in the start queue; starts ahead: 0');
  expect((await service.call('GET', serverPath('third'))).body).toMatchObject({
    ...{ state: 'starting', pending: 'spawn', port: null },
  });
  await stop(service, 'first');
  await expect.poll(async () => (await service.call('GET', serverPath('third'))).body.state).toBe('ready');
  await stop(service, 'third');
});

test('a repeated start with another body is a conflict, and the server goes on', async ({ service }) => {
  const spawn_id = newId();
  const env = { JUPYTERHUB_API_TOKEN: 'secret-token-of-the-server' };
  await service.start('con', { spawn_id, profile: 'web', env });
  const same = await service.call('POST', serverPath('con'), { spawn_id, env, profile: 'web', args: [] });
  expect(same.status).toBe(200);
  const other = await service.call('POST', serverPath('con'), { spawn_id, env: {}, profile: 'web' });
  expect(other).toMatchObject({ status: 409, body: { code: 'SPAWN_CONFLICT' } });
  await service.restart();
  const after = await service.call('POST', serverPath('con'), { spawn_id, env: {}, profile: 'web' });
  expect(after).toMatchObject({ status: 409, body: { code: 'SPAWN_CONFLICT' } });
  const again = await service.call('POST', serverPath('con'), { spawn_id, env, profile: 'web' });
  expect(again).toMatchObject({ status: 200, body: { state: 'ready' } });
  await stop(service, 'con');
});

test.for([
  [{ size: 'large' }, 'large'],
  [{ size: ['large'] }, 'large'],
  [{}, 'small'],
] as const)(
  'the option %j reaches the server as its variable: %s',
  async ([user_options, seen], { service }) => {
    const events = await service.start('opt', { spawn_id: newId(), profile: 'tells', user_options });
    expect(await (await fetch(`${events.at(-1)?.url}/size.txt`)).text()).toBe(seen);
    await stop(service, 'opt');
  },
);

test('an option that is not allowed is refused before anything is started', async ({ service }) => {
  const answer = await post(service, 'opt', { profile: 'tells', user_options: { size: '$(id)' } });
  expect(answer).toMatchObject({ status: 400, body: { code: 'OPTION_INVALID' } });
  expect((await service.call('GET', serverPath('opt'))).status).toBe(404);
});

test('a stop with now=true ends a stop that is still asking', async ({ service }) => {
  await service.start('stu', { spawn_id: newId(), profile: 'stubborn' });
  const asking = service.call('DELETE', serverPath('stu'));
  await expect
    .poll(async () => (await service.call('GET', serverPath('stu'))).body)
    .toMatchObject({
      ...{ state: 'stopping', pending: 'stop' },
    });
  expect((await stop(service, 'stu')).status).toBe(204);
  expect((await asking).status).toBe(204);
  expect((await service.call('GET', serverPath('stu'))).status).toBe(404);
});

test.for([
  [
    'a body of more than a megabyte',
    { env: { A: 'x'.repeat(65_000), ...many(20, 'x'.repeat(60_000)) } },
    413,
  ],
  ['a variable that is too long', { env: { A: 'x'.repeat(70_000) } }, 400],
  ['too many variables', { env: many(1025, '') }, 400],
  ['options that are deeper than a list', { user_options: { a: { b: 1 } } }, 400],
  ['too many options', { user_options: many(65, '') }, 400],
] as const)('%s is refused', async ([_what, fields, status], { service }) => {
  expect((await post(service, 'big', { profile: 'web', ...fields })).status).toBe(status);
  expect((await service.call('GET', serverPath('big'))).status).toBe(404);
});

test('a body of brackets only is refused like any other', async ({ service }) => {
  const response = await fetch(`${service.url}/api${serverPath('big')}`, {
    method: 'POST',
    headers: { authorization: 'token test-hub-token-0123456789' },
    body: `{"spawn_id":"abcdefgh","user_options":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
  });
  expect(response.status).toBe(400);
});

test('a header that is too large is refused by the listener', async ({ service }) => {
  const response = await fetch(`${service.url}/api/users`, { headers: { 'x-long': 'x'.repeat(200_000) } });
  expect(response.status).toBe(431);
});

test('no environment is on disk, and of its token one copy that only the service can read, until it is stopped', async ({
  service,
}) => {
  await service.start('sec', {
    ...{ spawn_id: newId(), profile: 'web' },
    env: { JUPYTERHUB_API_TOKEN: 'very-secret-token', OTHER: 'very-secret-value' },
  });
  const { pid } = (await service.call('GET', serverPath('sec'))).body;
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('very-secret');
  const files = entriesBelow(service.stateDirectory).map(pathOf);
  const telling = () =>
    files.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() && secretIn(path) !== null);
  expect(telling().map((path) => [dirname(path), statSync(path).mode & 0o777, secretIn(path)])).toEqual([
    [join(service.stateDirectory, 'tokens'), 0o600, 'very-secret-token'],
  ]);
  expect(statSync(join(service.stateDirectory, 'tokens')).mode & 0o777).toBe(0o700);
  expect(service.logged()).not.toContain('very-secret');
  await stop(service, 'sec');
  expect(telling()).toEqual([]);
});

function secretIn(path: string): string | null {
  return /very-secret-\w+/.exec(readFileSync(path, 'utf8'))?.[0] ?? null;
}

function many(count: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, value]));
}

/** The messages that are there now, without waiting for more. */
async function progressSoFar(url: string): Promise<string[]> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { authorization: 'token test-hub-token-0123456789' },
    signal: abort.signal,
  });
  const reader = response.body?.getReader();
  const first = await reader?.read(); // what is there is written at once
  abort.abort();
  await reader?.cancel().catch(() => {});
  return [...new TextDecoder().decode(first?.value).matchAll(/"message":"([^"]*)"/g)].map(
    ([, text = '']) => text,
  );
}
