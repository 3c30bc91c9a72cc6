// Good files: what loadConfig and parseConfig make of them. Bad ones: problems.test.ts, secrets.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PortwrapError } from '../../../config/errors.ts';
import { loadConfig, parseConfig } from '../../../config/load.ts';

const minimal = 'hubs:\n  - name: hub\n    token_env: HUB_TOKEN\n';
const env = { HUB_TOKEN: 'hub-token-0123456789', PROXY_TOKEN: 'proxy-token-0123456789' };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'portwrap-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function load(text: string) {
  const file = join(directory, 'hub-config.yaml');
  writeFileSync(file, text);
  return loadConfig(file, env);
}

test('a file of three lines is complete: every other key has its default', () => {
  expect(load(minimal)).toEqual({
    service: {
      listen: { kind: 'tcp', host: '127.0.0.1', port: 8095 },
      state_dir: '/run/portwrap-spawner',
      metrics_listen: null,
      audit: null,
      log_bytes: 1_048_576,
      activity_interval: 120,
      stop_servers_on_exit: false,
      log_level: 'info',
    },
    hubs: [
      {
        ...{ name: 'hub', token: env.HUB_TOKEN, api_url: 'http://127.0.0.1:8081/hub/api' },
        ...{ public_api_url: null, reaper: null },
      },
    ],
    proxy: null,
    admin_page: null,
    port_links: null,
    private_files: [expect.stringMatching(/^\/.*\.yaml$/), expect.stringMatching(/^\/.*config-\w+$/)],
    accounts: {
      mode: 'system',
      username: '{username}',
      create: false,
      groups: [],
      shell: '/bin/bash',
      min_uid: 1000,
      max_uid: 2_147_483_647,
      uid_range: { low: 200_000, high: 265_535 },
      home: '/home/{username}',
    },
    ports: { host_address: '127.0.0.1', range: { low: 20_000, high: 29_999 } },
    limits: {
      ...{ servers: 1000, servers_per_user: 10, concurrent_starts: 8 },
      ...{ memory: null, cpus: null, processes: null },
    },
    gpus: { devices: [], shared: [] },
    slurm: {
      report_listen: null,
      report_url: null,
      node_networks: [],
      conf: null,
      commands: null,
      portwrap: null,
      interval: 5,
      warn_before_end: 300,
    },
    profiles: [
      {
        name: 'default',
        title: 'default',
        users: null,
        groups: null,
        description: '',
        command: ['jupyterhub-singleuser'],
        guest_port: 8888,
        port_links: true,
        port_sharing: [],
        environment: {},
        path: ['/usr/local/bin', '/usr/bin', '/bin'],
        login_shell: false,
        preload: null,
        ready_path: '{prefix}',
        ready_timeout: 60,
        stop_timeout: 10,
        max_servers: null,
        options: [],
        network: {
          hub: true,
          internet: true,
          dns: true,
          socket_families: ['unix', 'inet', 'inet6', 'netlink'],
          host_ports: [],
        },
        files: {
          view: 'host',
          read_only: [],
          read_write: [],
          hide: [],
          temporary: [],
          temporary_in: 'disk',
          temporary_size: null,
          devices: 'all',
        },
        resources: {
          ...{ memory: null, memory_high: null, cpus: null, processes: null, open_files: 1024 },
          ...{ cpu_weight: null, io_weight: null, nice: 0, gpus: 0 },
        },
        shell: null,
        umask: '022',
        unix_groups: null,
        working_directory: '{home}',
        hooks: { before_start: null, after_end: null },
        culling: {
          idle_timeout: null,
          max_age: null,
          named_servers: null,
          cull_busy: false,
          cull_connected: false,
          warning: 300,
        },
        launcher: 'local',
        slurm: {
          ...{ partition: null, account: null, qos: null, time: null, cpus: null, memory: null, gres: null },
          ...{ constraint: null, reservation: null, options: [], host_interface: null, queue_timeout: null },
        },
        forwarder: null,
        uplink: null,
      },
    ],
  });
});

test.each([
  ['127.0.0.1:8095', { kind: 'tcp', host: '127.0.0.1', port: 8095 }],
  ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
  ['"[::1]:65535"', { kind: 'tcp', host: '::1', port: 65_535 }],
  ['unix:/run/a b.sock', { kind: 'unix', path: '/run/a b.sock' }],
  [`unix:/${'x'.repeat(106)}`, { kind: 'unix', path: `/${'x'.repeat(106)}` }],
])('service.listen %s is parsed', (written, parsed) => {
  expect(parseConfig(`${minimal}service: {listen: ${written}}`, 'f').service.listen).toEqual(parsed);
});

test.each([
  ['{}', { api_url: 'http://127.0.0.1:8001', token: null }],
  ['{token_env: PROXY_TOKEN}', { api_url: 'http://127.0.0.1:8001', token: env.PROXY_TOKEN }],
  ['{api_url: "https://[::1]:9/x"}', { api_url: 'https://[::1]:9/x', token: null }],
  ['null', null],
])('proxy: %s is complete after loading', (written, loaded) => {
  expect(load(`${minimal}proxy: ${written}`).proxy).toEqual(loaded);
});

test('what a profile says replaces its defaults, key by key', () => {
  const [first, second] = parseConfig(
    `${minimal}profiles: [{name: a, network: {internet: false}}, {name: b, command: [sh, -c, "exit"]}]`,
    'f',
  ).profiles;
  expect(first?.network).toEqual({
    hub: true,
    internet: false,
    dns: true,
    socket_families: ['unix', 'inet', 'inet6', 'netlink'],
    host_ports: [],
  });
  expect(second?.command).toEqual(['sh', '-c', 'exit']);
  expect(second?.network.internet).toBe(true);
});

test('anchors and aliases may be used, and words like "no" and "on" are text, as YAML 1.2 says', () => {
  const text = `${minimal}profiles:\n  - {name: a, path: &p [/opt/bin], environment: {X: no}}\n  - {name: b, path: *p}`;
  const { profiles } = parseConfig(text, 'f');
  expect(profiles.map(({ path }) => path)).toEqual([['/opt/bin'], ['/opt/bin']]);
  expect(profiles[0]?.environment).toEqual({ X: 'no' });
});

describe('the result is final', () => {
  const everyPart = (value: unknown): object[] =>
    typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(everyPart)] : [];

  test.each([
    ['loadConfig', () => load(minimal)],
    ['parseConfig', () => parseConfig(minimal, 'f')],
  ])('%s freezes it to its leaves', (_name, make) => {
    const parts = everyPart(make());
    expect(parts.length).toBeGreaterThan(12);
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
  });

  test('two files share nothing, not even defaults', () => {
    const [one, other] = [everyPart(load(minimal)), everyPart(load(minimal))];
    expect(one.filter((part) => other.includes(part))).toEqual([]);
  });
});

test('a range comes back as it was written', () => {
  const port = fc.integer({ min: 1024, max: 65_535 });
  fc.assert(
    fc.property(port, port, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const { ports } = parseConfig(`${minimal}ports: {range: ${low}-${high}}`, 'f');
      expect(ports.range).toEqual({ low, high });
    }),
    { numRuns: 100 },
  );
});

test('whatever the text is, the outcome is a configuration or CONFIG_INVALID', () => {
  const word = fc.constantFrom(
    'hubs',
    'name',
    'token',
    ':',
    '-',
    '\n',
    '  ',
    '{',
    ']',
    '*a',
    '&a',
    '"',
    '!x',
    '|',
    '#',
    '%',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }).map((words) => words.join(' ')),
    fc.string().map((value) => `${minimal}proxy: ${value}`),
    fc.json().map((value) => `hubs: [${value}]\nprofiles: ${value}\nservice: ${value}`),
  );
  // the example of every key, with some of its values changed to something that may stand there or not
  const example = readFileSync(new URL('../../../hub-config.example.yaml', import.meta.url), 'utf8')
    .replaceAll(/^(\s*)# (?=[\w-]+:|- )/gm, '$1')
    .split('\n');
  const at = fc.nat({ max: example.length - 1 });
  const value = fc.oneof(
    fc.json(),
    fc.string(),
    fc.integer().map(String),
    fc.constantFrom('', '~', '{}', '[]'),
  );
  const mutated = fc.array(fc.tuple(at, value), { minLength: 1, maxLength: 3 }).map((changes) => {
    const lines = [...example];
    for (const [index, text] of changes) lines[index] = `${lines[index]?.replace(/:.*/, '')}: ${text}`;
    return lines.join('\n');
  });
  fc.assert(
    fc.property(fc.oneof(text, { arbitrary: mutated, weight: 2 }), (yaml) => {
      try {
        return parseConfig(yaml, 'f').hubs.length > 0;
      } catch (error) {
        if (!(error instanceof PortwrapError) || error.code !== 'CONFIG_INVALID') throw error;
        return error.message.split('\n').every((line) => /^f:\d+:\d+: \S/.test(line));
      }
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['does not exist', () => join(directory, 'none.yaml'), 'the file does not exist'],
  ['is a directory', () => directory, 'it is a directory; it must be a file'],
])('a path that %s is CONFIG_UNREADABLE and says so', (_title, path, reason) => {
  const file = path();
  expect(() => loadConfig(file, env)).toThrow(
    expect.objectContaining({ code: 'CONFIG_UNREADABLE', message: `${file}: ${reason}` }),
  );
});
