// Profiles as hubs and users meet them: what is listed, what may be started, and limits that a user chose.
import { readFileSync, readlinkSync } from 'node:fs';
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
    max_servers: 20
    options:
      - name: kind
        default: plain
        choices:
          - {name: plain, title: Plain}
          - name: strict
            description: For the careful
            groups: [careful]
            sets: {environment: {KIND: strict}, command: [python3, -u, -m, http.server, '{guest-port}'], working_directory: /var}
        other: {pattern: "[a-z]+", sets: {environment: {KIND: "of {value}"}}}
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
  const none = {
    ...{ title: null, description: '', choices: [], choice_details: [], other: null },
    ...{ min: null, max: null, pattern: null, default: null },
  };
  expect(body).toEqual([
    {
      name: 'sized',
      host: '127.0.0.1',
      title: 'A size of your own',
      description: 'As large as you like',
      free: [],
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

test('the choices that are offered are listed for people, with what is free now', async ({ service }) => {
  const listed = async (query: string) => {
    const { body } = await service.call('GET', `/users/zoe/profiles?group=staff${query}`);
    return (body as unknown as Record<string, unknown>[])[0];
  };
  const running = (await service.call('GET', '/servers')).body as unknown as {
    profile: string;
    state: string;
  }[];
  const used = running.filter(({ profile, state }) => profile === 'staff' && state !== 'exited').length;
  const plain = { name: 'plain', title: 'Plain', description: '', free: [] };
  const strict = { name: 'strict', title: 'strict', description: 'For the careful', free: [] };
  expect(await listed('')).toMatchObject({
    free: [{ what: 'servers', free: 20 - used, total: 20, needed: 1 }],
    options: [{ choices: ['plain'], choice_details: [plain], default: 'plain' }],
  });
  expect(await listed('&group=careful')).toMatchObject({
    options: [
      {
        ...{ choices: ['plain', 'strict'], choice_details: [plain, strict] },
        other: { title: 'Other', description: '', pattern: '[a-z]+' },
      },
    ],
  });
});

test('a choice decides the command, the directory and variables, over those of the hub', async ({
  service,
}) => {
  const events = await service.start('frank', {
    ...{ spawn_id: 'chosen-0001', profile: 'staff', groups: ['staff', 'careful'] },
    ...{ user_options: { kind: 'strict' }, command: ['false'], env: { KIND: 'of the hub' } },
  });
  expect(events.at(-1)?.ready, JSON.stringify(events)).toBe(true);
  const { body } = await service.call('GET', '/users/frank/server');
  const [inside] = readFileSync(`/proc/${body.pid}/task/${body.pid}/children`, 'utf8').split(' ');
  const process = `/proc/${inside || body.pid}`;
  expect(readFileSync(`${process}/environ`, 'utf8').split('\0')).toContain('KIND=strict');
  expect(readFileSync(`${process}/cmdline`, 'utf8').split('\0')).toContain('-u');
  expect(readlinkSync(`${process}/cwd`)).toBe('/var');
});

test('a choice of others, an unknown one and an unknown option are refused with what was meant', async ({
  service,
}) => {
  const refusal = async (user_options: object) => {
    const start = { spawn_id: 'refused-2', profile: 'staff', groups: ['staff'], user_options };
    const { status, body } = await service.call('POST', '/users/gina/server', start);
    return [status, body.code, body.message];
  };
  const refused = (words: string) => [400, 'OPTION_INVALID', expect.stringContaining(words)];
  expect(await refusal({ kind: 'strict' })).toEqual(refused('must be one of plain'));
  expect(await refusal({ kind: 'Plain!' })).toEqual(
    refused('or a text that matches [a-z]+; did you mean "plain"?'),
  );
  expect(await refusal({ kinds: 'plain' })).toEqual(refused('did you mean "kind"?'));
});
