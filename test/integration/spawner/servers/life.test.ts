// The life of servers through the protocol: real service, real sandboxes, a small web server as payload.
import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { hubToken, serverPath } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const profiles = `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
  - name: dies
    command: [sh, -c, "echo first; echo last words; exit 3"]
  - name: silent
    ready_timeout: 0.5
    command: [sleep, "1000"]
  - name: stubborn
    stop_timeout: 0.3
    command: [sh, -c, "trap '' TERM; /usr/bin/python3 -m http.server 8888 & while :; do wait; done"]
  - name: tells
    command: [sh, -c, "env > env.txt; id -u > uid.txt; exec /usr/bin/python3 -m http.server 8888"]
`;

const test = serviceTest(profiles);

let serial = 0;
const newId = () => `spawn-id-${serial++}`;

test('a started server answers on its host port, under 127.0.0.1', async ({ service }) => {
  const events = await service.start('ann', { spawn_id: newId(), profile: 'web' });
  const last = events.at(-1);
  expect(last).toMatchObject({ progress: 100, ready: true });
  expect(last?.url).toMatch(/^http:\/\/127\.0\.0\.1:2\d{4}$/);
  expect((await fetch(last?.url ?? '')).status).toBe(200);
  const { body } = await service.call('GET', serverPath('ann'));
  expect(body).toMatchObject({
    state: 'ready',
    ready: true,
    pending: null,
    url: last?.url,
    exit: null,
    error: null,
  });
});

test('progress never goes back, and is replayed to a late reader', async ({ service }) => {
  const spawn_id = newId();
  const events = await service.start('bea', { spawn_id, profile: 'web' });
  const percents = events.map(({ progress }) => progress);
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(percents.length).toBeGreaterThan(2);
  const response = await fetch(`${service.url}/api${serverPath('bea')}/progress`, {
    headers: {
      authorization: 'Bearer test-hub-token-0123456789',
      'last-event-id': String(events.length - 1),
    },
  });
  const text = await response.text();
  expect(text).toContain('"ready":true');
  expect(text).not.toContain('id: 1\n');
});

test('stop answers when nothing of the server is left', async ({ service }) => {
  const spawn_id = newId();
  const url = (await service.start('cleo', { spawn_id, profile: 'web' })).at(-1)?.url ?? '';
  const before = readdirSync(`${service.stateDirectory}/records`).length;
  expect((await service.call('DELETE', `${serverPath('cleo')}?spawn_id=${spawn_id}`)).status).toBe(204);
  await expect(fetch(url)).rejects.toThrow();
  expect(readdirSync(`${service.stateDirectory}/records`).length).toBe(before - 1);
  const { status, body } = await service.call('GET', serverPath('cleo'));
  expect(status).toBe(404);
  expect(body).toMatchObject({
    code: 'SERVER_UNKNOWN',
    state_id: expect.any(String),
    boot_id: expect.any(String),
  });
});

test('a server that ignores SIGTERM is killed after stop_timeout', async ({ service }) => {
  await service.start('dan', { spawn_id: newId(), profile: 'stubborn' });
  expect((await service.call('DELETE', serverPath('dan'))).status).toBe(204);
  expect((await service.call('GET', serverPath('dan'))).status).toBe(404);
});

test('a server that dies at once says so, with its exit code and last words', async ({ service }) => {
  const last = (await service.start('eve', { spawn_id: newId(), profile: 'dies' })).at(-1);
  expect(last).toMatchObject({ failed: true, error: { code: 'SERVER_DIED', log: ['first', 'last words'] } });
  expect(last?.message).toContain('exit code 3');
  const { body } = await service.call('GET', serverPath('eve'));
  expect(body).toMatchObject({ state: 'exited', exit: { code: 3, signal: null }, port: null });
});

test('a server that never answers is ended after ready_timeout', async ({ service }) => {
  const last = (await service.start('fay', { spawn_id: newId(), profile: 'silent' })).at(-1);
  expect(last).toMatchObject({ failed: true, error: { code: 'SERVER_NOT_READY' } });
  expect((await service.call('GET', serverPath('fay'))).body).toMatchObject({ state: 'exited', pid: null });
});

test('a repeated start with the same spawn id returns the same server', async ({ service }) => {
  const spawn_id = newId();
  await service.start('gus', { spawn_id, profile: 'web' });
  const first = await service.call('GET', serverPath('gus'));
  const again = await service.call('POST', serverPath('gus'), { spawn_id, profile: 'web' });
  expect(again.status).toBe(200);
  expect(again.body.pid).toBe(first.body.pid);
});

test('a start under another spawn id is refused while the server runs', async ({ service }) => {
  await service.start('hal', { spawn_id: newId(), profile: 'web' });
  const answer = await service.call('POST', serverPath('hal'), { spawn_id: newId(), profile: 'web' });
  expect(answer).toMatchObject({ status: 409, body: { code: 'SPAWN_CONFLICT', server: 'hal' } });
});

test('a stop beats a start that arrives later', async ({ service }) => {
  const spawn_id = newId();
  expect((await service.call('DELETE', `${serverPath('ida')}?spawn_id=${spawn_id}`)).status).toBe(204);
  const answer = await service.call('POST', serverPath('ida'), { spawn_id, profile: 'web' });
  expect(answer).toMatchObject({ status: 409, body: { code: 'SPAWN_CANCELLED' } });
});

test('a start that is repeated after its server was stopped is late too', async ({ service }) => {
  const start = { spawn_id: newId(), profile: 'web' };
  await service.start('ike', start);
  expect((await service.call('DELETE', serverPath('ike'))).status).toBe(204);
  const late = await service.call('POST', serverPath('ike'), start);
  expect(late).toMatchObject({ status: 409, body: { code: 'SPAWN_CANCELLED' } });
});

test('a stop in the middle of a start leaves nothing', async ({ service }) => {
  for (let round = 0; round < 12; round += 1) {
    const spawn_id = newId();
    await service.call('POST', serverPath('jo'), { spawn_id, profile: 'web' });
    for (let step = 0; step < round; step += 1) await service.call('GET', serverPath('jo')); // a little later each round
    expect((await service.call('DELETE', `${serverPath('jo')}?spawn_id=${spawn_id}`)).status).toBe(204);
    expect((await service.call('GET', serverPath('jo'))).status).toBe(404);
  }
  const alive = (await service.call('GET', '/users')).body as unknown as { name: string }[];
  expect(alive.map(({ name }) => name)).not.toContain('jo');
});

test('death is known at once, with the exit code, and the port is free', async ({ service }) => {
  const spawn_id = newId();
  const url = (await service.start('kim', { spawn_id, profile: 'web' })).at(-1)?.url ?? '';
  const { body } = await service.call('GET', serverPath('kim'));
  process.kill(Number(body.pid), 'SIGKILL');
  await expect.poll(async () => (await service.call('GET', serverPath('kim'))).body.state).toBe('exited');
  expect((await service.call('GET', serverPath('kim'))).body).toMatchObject({
    exit: { code: 137, signal: 'SIGKILL' },
  });
  await expect(fetch(url)).rejects.toThrow();
});

test('named servers with hostile names are servers of their own', async ({ service }) => {
  const names = ['a b%2F', '../../etc', 'ünï', '.hidden', '?spawn_id=x'];
  for (const name of names) await service.start('lea', { spawn_id: newId(), profile: 'web' }, name);
  const { body } = await service.call('GET', '/users/lea');
  expect(Object.keys(body.servers as object).sort()).toEqual([...names].sort());
  for (const name of names) expect((await service.call('DELETE', serverPath('lea', name))).status).toBe(204);
  expect((await service.call('GET', '/users/lea')).body.servers).toEqual({});
});

test('one hub does not see, stop or block the servers of another', async ({ service }) => {
  const other = 'test-other-token-0123456789';
  await service.start('mia', { spawn_id: newId(), profile: 'web' });
  expect((await service.call('GET', serverPath('mia'), undefined, other)).status).toBe(404);
  expect((await service.call('DELETE', serverPath('mia'), undefined, other)).status).toBe(204);
  expect((await service.call('GET', '/users', undefined, other)).body).toEqual([]);
  expect((await service.call('GET', serverPath('mia'))).body.state).toBe('ready');
});

test('the environment arrives verbatim, and the account is not for the hub to choose', async ({
  service,
}) => {
  const env = { TOKEN: 's3cr3t=with "quotes"\nand lines', HOME: '/root', JUPYTERHUB_USER: 'nat' };
  const last = (await service.start('nat', { spawn_id: newId(), profile: 'tells', env })).at(-1);
  const read = async (file: string) => (await fetch(`${last?.url}/${file}`)).text();
  const seen = await read('env.txt');
  expect(seen).toContain('TOKEN=s3cr3t=with "quotes"\nand lines\n');
  expect(seen).toContain(`HOME=${service.directory}/homes/nat\n`);
  expect(seen).not.toContain('HUB_TOKEN');
  expect(Number(await read('uid.txt'))).toBeGreaterThan(0);
});

test.for([
  ['no token', '', 401, 'UNAUTHORIZED'],
  ['a wrong token', 'test-hub-token-012345678X', 401, 'UNAUTHORIZED'],
] as const)('%s is refused', async ([_title, token, status, code], { service }) => {
  expect(await service.call('GET', '/users', undefined, token)).toMatchObject({ status, body: { code } });
});

test.for([
  ['2', 'PROTOCOL_UNSUPPORTED', 'newer'],
  ['0', 'PROTOCOL_UNSUPPORTED', 'older'],
  ['one', 'REQUEST_INVALID', 'a number'],
] as const)(
  'a start by a plugin of protocol %s is refused, before its body is read',
  async ([spoken, code, words], { service }) => {
    const answer = await fetch(`${service.url}/api${serverPath('oli')}`, {
      ...{ method: 'POST', body: 'not JSON' },
      headers: { authorization: `token ${hubToken}`, 'portwrap-protocol': spoken },
    });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    ]);
  },
);

test.for([
  ['no spawn id', {}, 'REQUEST_INVALID', 'body.spawn_id'],
  ['a short spawn id', { spawn_id: 'x' }, 'REQUEST_INVALID', '8 to 64'],
  ['an unknown field', { spawn_id: 'abcdefgh', comand: ['x'] }, 'REQUEST_INVALID', 'comand'],
  [
    'a prefix without a slash at the end',
    { spawn_id: 'abcdefgh', route_prefix: '/user/x' },
    'REQUEST_INVALID',
    'end with',
  ],
  [
    'a prefix that cannot be decoded',
    { spawn_id: 'abcdefgh', route_prefix: '/user/%zz/' },
    'REQUEST_INVALID',
    'percent-encoded',
  ],
  [
    'a route on a host that is none',
    { spawn_id: 'abcdefgh', route_prefix: '/user/x/', route_host: 'host/user' },
    'REQUEST_INVALID',
    'body.route_host',
  ],
  [
    'the host of a route without its path',
    { spawn_id: 'abcdefgh', route_host: 'x.hub.example.org' },
    'REQUEST_INVALID',
    'needs route_prefix',
  ],
  [
    'a variable name with "="',
    { spawn_id: 'abcdefgh', env: { 'A=B': 'secret-value' } },
    'REQUEST_INVALID',
    'body.env',
  ],
  ['an unknown profile', { spawn_id: 'abcdefgh', profile: 'nope' }, 'PROFILE_UNKNOWN', 'nope'],
] as const)(
  'a start with %s is refused, and nothing is started',
  async ([_title, body, code, hint], { service }) => {
    const answer = await service.call('POST', serverPath('oli'), body);
    expect(answer).toMatchObject({ status: 400, body: { code, message: expect.stringContaining(hint) } });
    expect(JSON.stringify(answer.body)).not.toContain('secret-value');
    expect((await service.call('GET', serverPath('oli'))).status).toBe(404);
  },
);
