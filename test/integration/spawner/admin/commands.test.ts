// The administrator's commands against a service that runs: what they print, and their exit codes.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { needsRoot } from '../../../support/reasons.ts';
import { runCommand, serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const test = serviceTest(`
  - name: web
    command: [sh, -c, "echo first; echo second; exec /usr/bin/python3 -u -m http.server 8888"]
  - name: jupyter
    ready_timeout: 50
  - name: broken
    path: [/nowhere]
`);

let serial = 0;
const newId = () => `commands-${serial++}`;
const run = (service: TestService, ...argv: string[]) => runCommand(service, ...argv);

test('doctor examines the machine for the forwarders of the profiles', async ({ service }) => {
  const { code, stdout } = await run(service, 'doctor', '--json');
  const [found] = JSON.parse(stdout) as { forwarder: string; checks: { name: string; status: string }[] }[];
  expect(found?.forwarder).toBe('builtin');
  expect(found?.checks.find(({ name }) => name === 'launch')).toMatchObject({ status: 'ok' });
  expect(code).toBe(0);
  const shown = (await run(service, 'doctor')).stdout;
  expect(shown).toMatch(/^With builtin and slirp4netns, which a profile uses:\n\nbwrap +ok/);
});

test('doctor prints the rule of the host ports only while the hubs run', needsRoot, async ({ service }) => {
  // doctor asks it where its API is
  const hub = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(hub, 'listening');
  const { port } = hub.address() as AddressInfo;
  const config = `${service.directory}/hubs.yaml`;
  const text = readFileSync(service.config, 'utf8');
  writeFileSync(config, text.replaceAll('{name: ', `{api_url: "http://127.0.0.1:${port}", name: `));
  const { stdout } = await runCommand({ config }, 'doctor');
  const isOpen = / any account can connect to 20000-29999\n/.test(stdout);
  expect(stdout).toMatch(isOpen ? /^host ports +warning/m : /^host ports +ok/m);
  expect(stdout.includes('nft -f /etc/nftables.d/portwrap-ports.nft')).toBe(isOpen);
  hub.close();
  await once(hub, 'close');
  const away = (await runCommand({ config }, 'doctor')).stdout;
  expect(away).toMatch(/^host ports +warning .*the hub "other"'s account is not known/m);
  expect(away).not.toContain('nft -f');
});

test(
  'doctor goes on after a part that fails, and each such part is a finding',
  needsRoot,
  async ({ service }) => {
    const asked = ['doctor', '--user', 'no-such-account', '--proxy-user', 'no-such-proxy'];
    const { code, stdout } = await run(service, ...asked, '--json');
    expect(code).toBe(77);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        forwarder: 'builtin',
        checks: [
          { name: 'portwrap doctor', status: 'failed', what: expect.stringContaining('no-such-account') },
        ],
      },
      { checks: [{ name: 'state directory' }, { name: 'hub hub' }, { name: 'hub other' }] },
      {
        checks: [{ name: 'host ports', status: 'failed', what: 'there is no account "no-such-proxy"' }],
        rules: null,
      },
    ]);
    const shown = (await run(service, ...asked)).stdout;
    expect(shown).toMatch(/^portwrap doctor +failed .*no-such-account/m);
    expect(shown).toMatch(/^host ports +failed .*no-such-proxy/m);
  },
);

test('ls lists every server of every hub, as a table and as JSON', async ({ service }) => {
  await service.start('ann', { spawn_id: newId(), profile: 'web' });
  const other = { spawn_id: newId(), profile: 'web' };
  await service.call('POST', serverPath('bea', 'second'), other, 'test-other-token-0123456789');
  const table = await run(service, 'ls');
  expect(table).toMatchObject({ code: 0, stderr: '' });
  expect(table.stdout).toMatch(/^HUB +SERVER +STATE/);
  expect(table.stdout).toMatch(/^hub +ann +ready +web +2\d{4}/m);
  expect(table.stdout).toMatch(/^other +bea\/second/m);
  const servers = JSON.parse((await run(service, 'ls', '--json')).stdout) as { user: string }[];
  expect(servers.map(({ user }) => user)).toEqual(expect.arrayContaining(['ann', 'bea']));
  const ofOther = JSON.parse((await run(service, 'ls', '--json', '--hub', 'other')).stdout) as typeof servers;
  expect(ofOther.map(({ user }) => user)).toContain('bea');
  expect(ofOther.map(({ user }) => user)).not.toContain('ann');
});

test('show tells all, and a server that is not known has its own exit code', async ({ service }) => {
  await service.start('sue', { spawn_id: newId(), profile: 'web' }, 'second');
  expect((await run(service, 'show', 'sue/second', '--hub', 'hub')).stdout).toMatch(/^profile +web$/m);
  const unknown = await run(service, 'show', 'nobody', '--hub', 'hub', '--json');
  expect(unknown).toMatchObject({ code: 66, stdout: '' });
  expect(unknown.stderr).toContain('SERVER_UNKNOWN');
});

test('with several hubs the hub must be named', async ({ service }) => {
  expect(await run(service, 'show', 'ann')).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('must name one'),
  });
});

test('logs prints the last lines, and with -f what comes until the server ends', async ({ service }) => {
  await service.start('lou', { spawn_id: newId(), profile: 'web' });
  const { stdout } = await run(service, 'logs', 'lou', '--hub', 'hub', '-n', '1000');
  expect(stdout).toMatch(/^first\nsecond\n/);
  const following = run(service, 'logs', 'lou', '--hub', 'hub', '-f', '-n', '0');
  const { url } = (await service.call('GET', serverPath('lou'))).body;
  await expect
    .poll(async () => (await run(service, 'logs', 'lou', '--hub', 'hub', '-n', '1')).stdout)
    .not.toBe('');
  await fetch(`${url}/seen-by-the-follower`);
  await expect
    .poll(async () => (await run(service, 'logs', 'lou', '--hub', 'hub', '-n', '5')).stdout)
    .toContain('seen-by-the-follower');
  await fetch(`${url}/last-words`);
  expect(await run(service, 'stop', 'lou', '--hub', 'hub')).toMatchObject({
    code: 0,
    stdout: 'stopped lou\n',
  });
  expect(await following).toMatchObject({ code: 0, stdout: expect.stringContaining('last-words') });
});

test('a stop of a server that is not known is not called a success', async ({ service }) => {
  expect((await run(service, 'stop', 'nobody', '--hub', 'hub')).code).toBe(66);
});

test('stop --all ends every server of every hub', async ({ service }) => {
  await service.start('cat', { spawn_id: newId(), profile: 'web' });
  const other = { spawn_id: newId(), profile: 'web' };
  await service.call('POST', serverPath('dog', 'second'), other, 'test-other-token-0123456789');
  const { stdout } = await run(service, 'stop', '--all', '--now', '--yes');
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['stopped cat', 'stopped dog/second']));
  expect(JSON.parse((await run(service, 'ls', '--json')).stdout)).toEqual([]);
});

test('reload takes what may change, names what needs a restart, and refuses a bad file', async ({
  service,
}) => {
  const before = readFileSync(service.config, 'utf8');
  const started = service.start('dan', { spawn_id: newId(), profile: 'web' });
  await started;
  writeFileSync(service.config, `${before}  - name: more\n`);
  expect(JSON.parse((await run(service, 'reload', '--json')).stdout)).toEqual({
    changed: ['profiles'],
    needRestart: [],
  });
  writeFileSync(
    service.config,
    before.replace('state_dir:', 'log_bytes: 70000, state_dir:').replace('homes', 'houses'),
  );
  expect(JSON.parse((await run(service, 'reload', '--json')).stdout)).toEqual({
    changed: ['service', 'profiles'],
    needRestart: ['accounts'],
  });
  writeFileSync(service.config, before.replace('- name: web', '- nam: web'));
  const refused = await run(service, 'reload');
  writeFileSync(service.config, before);
  expect(refused.code).toBe(78);
  expect(refused.stderr).toMatch(/config\.yaml:\d+:\d+: profiles\[0\]\.nam: is not a known key/);
  expect((await service.call('GET', serverPath('dan'))).body.state).toBe('ready');
  const still = await service.call('POST', serverPath('eve'), { spawn_id: newId(), profile: 'web' });
  expect(still.status).toBe(202);
  await run(service, 'stop', '--all', '--now', '--yes');
});

test('SIGHUP reads the configuration too, and a bad one changes nothing', async ({ service }) => {
  const before = readFileSync(service.config, 'utf8');
  writeFileSync(service.config, `${before}  - name: late\n`);
  process.kill(service.pid(), 'SIGHUP');
  const start = () => service.call('POST', serverPath('fay'), { spawn_id: newId(), profile: 'late' });
  await expect.poll(async () => (await start()).body.code).not.toBe('PROFILE_UNKNOWN');
  writeFileSync(service.config, 'nonsense: true');
  process.kill(service.pid(), 'SIGHUP');
  await expect.poll(service.logged).toContain('the old one stays in force');
  writeFileSync(service.config, before);
  expect((await service.call('GET', '/')).status).toBe(200);
  await run(service, 'stop', '--all', '--now', '--yes');
});

test('a service that does not run is said to be unreachable', async () => {
  const { code, stderr } = await runCommand({ config: '/dev/null/none.yaml' }, 'ls');
  expect({ code, stderr }).toMatchObject({ code: 78, stderr: expect.stringContaining('CONFIG_UNREADABLE') });
});

describe('smoke', () => {
  test('runs a cell in a Jupyter server and says how long each step took', async ({ service }) => {
    const before = (await run(service, 'ls', '--json')).stdout;
    const { code, stdout, stderr } = await run(
      service,
      'smoke',
      '--profile',
      'jupyter',
      '--hub',
      'hub',
      '--json',
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { passed, timings } = JSON.parse(stdout) as { passed: boolean; timings: { step: string }[] };
    expect(passed).toBe(true);
    expect(timings.map(({ step }) => step)).toContain('run a cell');
    expect((await run(service, 'ls', '--json')).stdout).toBe(before);
  });

  test('says why a server did not start, and leaves none', async ({ service }) => {
    const before = (await run(service, 'ls', '--json')).stdout;
    const { code, stderr } = await run(service, 'smoke', '--profile', 'broken', '--hub', 'hub');
    expect(code).toBe(70);
    expect(stderr).toContain('(SMOKE_FAILED)');
    expect(stderr).toContain('the server ended before it was ready');
    expect((await run(service, 'ls', '--json')).stdout).toBe(before);
  });
});

test.for([
  [[], 'a command is required'],
  [['fly'], "unknown command 'fly'"],
  [['show'], "missing required argument 'SERVER'"],
  [['ls', 'x'], "too many arguments for 'ls'"],
  [['logs', 'lou', '--tail', 'many'], '--tail must be a number'],
  [['ls', '--colour'], '--colour'],
] as const)('%j is a usage error', async ([argv, message], { service }) => {
  expect(await run(service, ...argv)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(message),
  });
});
