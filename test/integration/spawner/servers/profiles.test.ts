// Profiles as hubs and users meet them: what is listed, what may be started, and limits that a user chose.
import { expect } from 'vitest';
import { needsRoot } from '../../../support/reasons.ts';
import { serviceTest } from '../../../support/service-test.ts';

const serve = (name: string) => `
    name: ${name}
    command: [python3, -m, http.server, '{guest-port}']
    ready_path: /
    stop_timeout: 1`;

const test = serviceTest(`
  -${serve('staff')}
    groups: [staff]
  -${serve('sized')}
    title: A size of your own
    description: As large as you like
    options:
      - {name: ram, type: memory, min: 0.05, max: 1, default: 0.5}
      - {name: note, type: text, variable: NOTE}
`);

test('the list has what is offered, and nothing of how it is run', async ({ service }) => {
  const names = async (query: string) => {
    const { body } = await service.call('GET', `/users/alice/profiles${query}`);
    return (body as unknown as { name: string }[]).map(({ name }) => name);
  };
  expect(await names('')).toEqual(['sized']);
  expect(await names('?group=staff')).toEqual(['staff', 'sized']);
  expect(await names('?group=a&group=staff')).toEqual(['staff', 'sized']);
  const many = Array.from({ length: 1023 }, (_, index) => `group=a-group-of-a-large-institution-${index}`);
  expect(await names(`?${[...many, 'group=staff'].join('&')}`)).toEqual(['staff', 'sized']);
  const tooMany = `?${[...many, 'group=b', 'group=staff'].join('&')}`;
  expect((await service.call('GET', `/users/alice/profiles${tooMany}`)).status).toBe(400);
  const { body } = await service.call('GET', '/users/alice/profiles');
  const none = { choices: [], min: null, max: null, pattern: null, default: null, description: '' };
  expect(body).toEqual([
    {
      name: 'sized',
      host: '127.0.0.1',
      title: 'A size of your own',
      description: 'As large as you like',
      options: [
        { ...none, name: 'ram', type: 'memory', min: 0.05, max: 1, default: 0.5 },
        { ...none, name: 'note', type: 'text' },
      ],
    },
  ]);
});

test('the progress of a start calls the profile by its title, and without one by its name', async ({
  service,
}) => {
  const first = async (user: string, fields: object) =>
    (await service.start(user, { spawn_id: `titled-${user}`, ...fields })).map(({ message }) => message);
  expect(await first('dave', { profile: 'sized' })).toContain('Starting A size of your own');
  expect(await first('erin', { groups: ['staff'] })).toContain('Starting staff');
});

test('the list needs a token of a hub', async ({ service }) => {
  expect((await service.call('GET', '/users/alice/profiles', undefined, 'wrong')).status).toBe(401);
});

test('a start outside of the groups is refused by the service too', async ({ service }) => {
  const start = { spawn_id: 'refused-1', profile: 'staff', groups: ['students'] };
  const { status, body } = await service.call('POST', '/users/alice/server', start);
  expect([status, body.code]).toEqual([400, 'PROFILE_UNKNOWN']);
});

test('a member of the group gets its profile, by default the first one', async ({ service }) => {
  await service.start('bob', { spawn_id: 'of-staff-1', groups: ['staff'] });
  expect((await service.call('GET', '/users/bob/server')).body).toMatchObject({
    ...{ profile: 'staff', state: 'ready' },
  });
});

test.for([
  ['0.06', 'SERVER_DIED'],
  ['0.5', undefined],
])(
  'with %s GiB chosen, a server that takes 100 MB ends with %s',
  needsRoot,
  async ([ram, code], { service }) => {
    const serve = 'http.server.ThreadingHTTPServer(("0.0.0.0", 8888), http.server.SimpleHTTPRequestHandler)';
    const events = await service.start(`carol-${ram}`, {
      ...{ spawn_id: 'sized-01', profile: 'sized', user_options: { ram: [ram] } },
      command: ['python3', '-c', `import http.server; kept = bytearray(10**8); ${serve}.serve_forever()`],
    });
    expect(events.at(-1)?.error?.code, JSON.stringify(events)).toBe(code);
  },
);
