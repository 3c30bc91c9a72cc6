// Maintenance by the administrator's commands against a service that runs: no new starts, those that run go on or are
// asked to end, and a restart of the service changes nothing.
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { runCommand, serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const web = `
    command: [/usr/bin/python3, -u, -m, http.server, "8888"]
    ready_path: /`;
const test = serviceTest(`
  - name: web${web}
  - name: large${web}
`);
const patience = { timeout: 60_000 };

let serial = 0;
const newId = () => `maintenance-${serial++}`;
const run = (service: TestService, ...argv: string[]) => runCommand(service, ...argv);
const post = (service: TestService, user: string, token?: string) =>
  service.call('POST', serverPath(user), { spawn_id: newId() }, token);
const stateOf = async (service: TestService, user: string) =>
  (await service.call('GET', serverPath(user))).body.state ?? 'not known';

describe('while maintenance is on', () => {
  test('starts are refused with its message, those that run go on, and a restart changes nothing', async ({
    service,
  }) => {
    const ann = { spawn_id: newId() };
    await service.start('ann', ann);
    const on = await run(service, 'maintenance', 'on', '--message', 'New disks until six.');
    expect(on).toMatchObject({
      code: 0,
      stdout:
        'Maintenance: no servers are started.\nServers that run go on.\nUsers read: New disks until six.\n',
    });
    const refused = {
      status: 503,
      body: {
        ...{ code: 'MAINTENANCE', server: 'bea' },
        message: 'no servers are started during maintenance: New disks until six.',
      },
    };
    expect(await post(service, 'bea')).toMatchObject(refused);
    await service.restart();
    expect(await post(service, 'bea')).toMatchObject(refused);
    expect(await stateOf(service, 'ann')).toBe('ready');
    // a hub that sends a start again gets the server that it has started
    expect((await service.call('POST', serverPath('ann'), ann)).status).toBe(200);
    const view = await service.call('GET', '/maintenance');
    expect(view.body).toMatchObject({ state: 'on', message: 'New disks until six.', stop_servers_at: null });
  });

  test('the administrator may start a server, to try the machine', async ({ service }) => {
    const token = readFileSync(`${service.stateDirectory}/admin-token`, 'utf8');
    const { status } = await service.call(
      'POST',
      `${serverPath('root')}?hub=hub`,
      { spawn_id: newId() },
      token,
    );
    expect(status).toBe(202);
    await expect.poll(() => stateOf(service, 'root'), patience).toBe('ready');
  });

  test('it is in the metrics, and after "off" servers are started again', async ({ service }) => {
    const metric = async () => {
      const response = await fetch(`${service.url}/metrics`, {
        headers: { authorization: `token ${readFileSync(`${service.stateDirectory}/admin-token`, 'utf8')}` },
      });
      return /^portwrap_maintenance (\d)$/m.exec(await response.text())?.[1];
    };
    expect(await metric()).toBe('1');
    expect((await run(service, 'maintenance', 'off')).stdout).toBe('No maintenance: servers are started.\n');
    expect(await metric()).toBe('0');
    expect((await post(service, 'bea')).status).toBe(202);
  });
});

test('one that is planned refuses nothing, and is shown with its times', async ({ service }) => {
  const asked = ['--message', 'Later.', '--at', '+2h', '--stop-servers-at', '+3h', '--json'];
  const planned = JSON.parse((await run(service, 'maintenance', 'on', ...asked)).stdout);
  expect(planned).toMatchObject({ state: 'planned', message: 'Later.' });
  expect(Date.parse(planned.stop_servers_at) - Date.parse(planned.starts_at)).toBeCloseTo(3_600_000, -4);
  expect((await post(service, 'cleo')).status).toBe(202);
  expect((await run(service, 'maintenance', 'status')).stdout).toMatch(
    /^Maintenance is planned: no servers are started from \d{4}-\d\d-\d\d .+ on\.\nServers are asked to end at /,
  );
  await run(service, 'maintenance', 'off');
});

test('at the time that is given, also over a restart, servers end, and their hub learns why', async ({
  service,
}) => {
  await expect.poll(() => stateOf(service, 'ann'), patience).toBe('ready');
  await run(service, 'maintenance', 'on', '--message', 'New disks.', '--stop-servers-at', '+3s');
  await service.restart();
  await expect.poll(() => stateOf(service, 'ann'), patience).toBe('exited');
  expect((await service.call('GET', serverPath('ann'))).body).toMatchObject({
    error: { code: 'MAINTENANCE', message: 'stopped for maintenance: New disks.' },
  });
  await run(service, 'maintenance', 'off');
});

test.each([
  [['on'], 'needs --message'],
  [['on', '--message', ' '], 'needs --message'],
  [['off', '--message', 'x'], 'belong to maintenance on'],
  [['soon'], 'on, off or status'],
  [['on', '--message', 'x', '--at', 'tomorrow'], '--at'],
])('maintenance %j is refused with the rule', async (argv, message) => {
  const { code, stderr } = await runCommand({ config: '/nowhere' }, 'maintenance', ...argv);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('stop --all shows what it would stop, and stops nothing unasked', async ({ service }) => {
  await service.start('dan', { spawn_id: newId(), profile: 'large' });
  await service.start('eve', { spawn_id: newId(), profile: 'web' });
  const unasked = await run(service, 'stop', '--all', '--profile', 'large');
  expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('Give --yes') });
  expect(unasked.stdout).toMatch(/^HUB +SERVER[^\n]*\nhub +dan [^\n]*\n$/);
  const dry = await run(service, 'stop', '--all', '--profile', 'large', '--dry-run', '--json');
  expect(JSON.parse(dry.stdout)).toEqual({ would_stop: ['dan'] });
  expect(await stateOf(service, 'dan')).toBe('ready');
  const done = await run(service, 'stop', '--all', '--profile', 'large', '--yes');
  expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nstopped dan\n$/) });
  expect([await stateOf(service, 'dan'), await stateOf(service, 'eve')]).toEqual(['not known', 'ready']);
  // a server that is not Jupyter's, without a proxy: nobody knows whether it is used
  const idle = await run(service, 'stop', '--all', '--idle-for', '1s', '--yes');
  expect(idle.stdout).toContain('Left, because their activity is unknown: ');
  expect(await stateOf(service, 'eve')).toBe('ready');
});
