// Kill -9 of the service at any moment: nothing is lost, nothing is left.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readFileOrNull } from '../../../../portwrap/system/read-file.ts';
import { createClient } from '../../../../spawner/http/client.ts';
import { needsLoopDevices } from '../../../support/reasons.ts';
import { adminToken, serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const test = serviceTest(`
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
  - name: tmp
    command: [sh, -c, "cd /tmp; touch kept; exec /usr/bin/python3 -m http.server 8888"]
  - name: sized
    files: {temporary_size: 32M}
    command: [sh, -c, "cd /tmp; head -c 40M /dev/zero >kept; exec /usr/bin/python3 -m http.server 8888"]
  - name: slow
    command: [sh, -c, "sleep 3; exec /usr/bin/python3 -m http.server 8888"]
  - name: stubborn
    stop_timeout: 3
    command: [sh, -c, "trap '' TERM; /usr/bin/python3 -m http.server 8888 & while :; do wait; done"]
`);

test('servers answer while the service is dead, and are adopted on the same port', async ({ service }) => {
  const url = (await service.start('ann', { spawn_id: 'restart-1', profile: 'web' })).at(-1)?.url ?? '';
  const before = (await service.call('GET', serverPath('ann'))).body;
  await service.restart();
  expect((await fetch(url)).status).toBe(200);
  expect((await service.call('GET', serverPath('ann'))).body).toEqual({
    ...before,
    usage: expect.anything(),
  });
  expect((await service.call('DELETE', serverPath('ann'))).status).toBe(204);
  await expect(fetch(url)).rejects.toThrow();
});

test('temporary files outlive a restart of the service, and go with their server', async ({ service }) => {
  const url = (await service.start('tess', { spawn_id: 'restart-tmp', profile: 'tmp' })).at(-1)?.url;
  const directory = temporaryOf(Number((await service.call('GET', serverPath('tess'))).body.pid));
  expect(existsSync(join(directory, 'files/0-tmp/kept'))).toBe(true);
  await service.restart();
  expect(await (await fetch(`${url}/kept`)).text()).toBe('');
  await service.call('DELETE', serverPath('tess'));
  await expect.poll(() => existsSync(directory)).toBe(false);
});

test(
  'temporary files with a size outlive a restart of the service, and go with their server',
  needsLoopDevices,
  async ({ service }) => {
    const url = (await service.start('sid', { spawn_id: 'restart-size', profile: 'sized' })).at(-1)?.url;
    const pid = Number((await service.call('GET', serverPath('sid'))).body.pid);
    const directory = `/var/tmp/${/\/(portwrap-[^/]+)\/files /.exec(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'))?.[1]}`;
    await service.restart();
    const kept = (await (await fetch(`${url}/kept`)).arrayBuffer()).byteLength;
    expect(kept).toBeGreaterThan(28 * 2 ** 20);
    expect(kept).toBeLessThan(32 * 2 ** 20);
    await service.call('DELETE', serverPath('sid'));
    await expect.poll(() => existsSync(directory), patient).toBe(false);
    const loops = () => readdirSync('/sys/block').map((name) => `/sys/block/${name}/loop/backing_file`);
    const used = () => loops().filter((file) => readFileOrNull(file)?.startsWith(directory));
    await expect.poll(used, patient).toEqual([]);
  },
);

test('temporary files of a server that ended while the service was dead are removed', async ({ service }) => {
  await service.start('tim', { spawn_id: 'restart-tmp-2', profile: 'tmp' });
  const pid = Number((await service.call('GET', serverPath('tim'))).body.pid);
  const directory = temporaryOf(pid);
  expect(existsSync(directory)).toBe(true);
  await service.restart('SIGKILL', () => {
    process.kill(pid, 'SIGKILL');
  });
  await expect.poll(() => existsSync(directory)).toBe(false);
});

/** The directory in /var/tmp from which the process's /tmp comes. */
function temporaryOf(pid: number): string {
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  return `/var/tmp/${/\/(portwrap-[^/]+)\/files\/0-tmp \/tmp /.exec(mounts)?.[1]}`;
}

test('an orderly end of the service leaves servers running too', async ({ service }) => {
  const url = (await service.start('bea', { spawn_id: 'restart-2', profile: 'web' })).at(-1)?.url ?? '';
  await service.restart('SIGTERM');
  expect((await fetch(url)).status).toBe(200);
  expect((await service.call('GET', serverPath('bea'))).body.state).toBe('ready');
});

test('the exit code of a server that died while the service was dead is learned, and still known after a restart', async ({
  service,
}) => {
  await service.start('cleo', { spawn_id: 'restart-3', profile: 'web' });
  const pid = Number((await service.call('GET', serverPath('cleo'))).body.pid);
  const restarted = service.restart();
  process.kill(pid, 'SIGKILL');
  await restarted;
  await expect.poll(async () => (await service.call('GET', serverPath('cleo'))).body.state).toBe('exited');
  expect((await service.call('GET', serverPath('cleo'))).body.exit).toMatchObject({
    code: 137,
    signal: 'SIGKILL',
  });
  await service.restart();
  expect((await service.call('GET', serverPath('cleo'))).body).toMatchObject({
    state: 'exited',
    spawn_id: 'restart-3',
  });
});

test('killed at any moment of a start, the service finds the server or ends it, and it can be stopped', async ({
  service,
}) => {
  const look = async (spawn_id: string) =>
    (await service.call('GET', `${serverPath('dan')}?spawn_id=${spawn_id}`)).body;
  for (let round = 0; round < 12; round += 1) {
    const spawn_id = `restart-mid-${round}`;
    await service.call('POST', serverPath('dan'), { spawn_id, profile: 'web' });
    // at once, a little later each time, and when it has just become ready
    for (let step = 0; step < round * 2; step += 1) await look(spawn_id);
    const waits = round % 4 === 3;
    if (waits) await expect.poll(() => look(spawn_id), { interval: 1 }).toMatchObject({ state: 'ready' });
    await service.restart();
    await expect.poll(async () => (await look(spawn_id)).state).toMatch(/ready|exited/);
    // what was seen to be ready is not lost; of the others, which one it is depends on the moment
    if (waits) expect(await look(spawn_id)).toMatchObject({ state: 'ready', error: null });
    expect((await service.call('DELETE', serverPath('dan'))).status).toBe(204);
  }
});

const recordFiles = (service: TestService) => readdirSync(join(service.stateDirectory, 'records'));
const recordOf = async (service: TestService, user: string) => {
  const { spawn_id } = (await service.call('GET', serverPath(user))).body;
  const text = (name: string) => readFileSync(join(service.stateDirectory, 'records', name), 'utf8');
  return join(
    service.stateDirectory,
    'records',
    recordFiles(service).find((name) => text(name).includes(`${spawn_id}`)) ?? '',
  );
};

const patient = { timeout: 15_000 };

test('after a reboot every server is known to be gone, and nobody takes another process for it', async ({
  service,
}) => {
  await service.start('eve', { spawn_id: 'restart-boot', profile: 'web' });
  const file = await recordOf(service, 'eve');
  const { pid } = (await service.call('GET', serverPath('eve'))).body;
  await service.restart('SIGKILL', () => {
    const record = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(
      file,
      JSON.stringify({ ...record, sandbox: { ...record.sandbox, bootId: 'of another boot' } }),
    );
  });
  await expect
    .poll(async () => (await service.call('GET', serverPath('eve'))).body.state, patient)
    .toBe('exited');
  expect((await service.call('GET', serverPath('eve'))).body.exit).toMatchObject({
    code: null,
    signal: null,
  });
  process.kill(Number(pid), 'SIGKILL'); // only the test knows that it was no reboot
});

test('a stop that was interrupted is finished by the next service', async ({ service }) => {
  await service.start('fay', { spawn_id: 'restart-stop', profile: 'stubborn' });
  const { pid } = (await service.call('GET', serverPath('fay'))).body;
  const file = await recordOf(service, 'fay');
  service.call('DELETE', serverPath('fay')).catch(() => {}); // the service dies before it answers
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"state":"stopping"');
  await service.restart();
  await expect
    .poll(async () => (await service.call('GET', serverPath('fay'))).body.state, patient)
    .toBe('exited');
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  expect((await service.call('DELETE', serverPath('fay'))).status).toBe(204);
});

test('a server that was still becoming ready becomes ready under the next service', async ({ service }) => {
  await service.call('POST', serverPath('gus'), { spawn_id: 'restart-half', profile: 'slow' });
  await expect.poll(async () => (await service.call('GET', serverPath('gus'))).body.pid).not.toBeNull();
  const file = await recordOf(service, 'gus');
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"sandbox":{'); // what is on disk is what counts
  const { pid, state } = (await service.call('GET', serverPath('gus'))).body;
  expect(state).toBe('starting');
  await service.restart();
  await expect
    .poll(async () => (await service.call('GET', serverPath('gus'))).body.state, patient)
    .toBe('ready');
  expect((await service.call('GET', serverPath('gus'))).body.pid).toBe(pid);
});

test('what is damaged or foreign is left alone and reported, and so is the server of a damaged record', async ({
  service,
}) => {
  await service.start('hal', { spawn_id: 'restart-damaged', profile: 'web' });
  const file = await recordOf(service, 'hal');
  const sound = readFileSync(file, 'utf8');
  const { url } = (await service.call('GET', serverPath('hal'))).body;
  const foreign = join(service.stateDirectory, 'sandboxes', 'notes of somebody');
  await service.restart('SIGKILL', () => {
    writeFileSync(file, sound.slice(0, 40));
    mkdirSync(foreign);
  });
  expect(service.logged()).toContain('ignoring a damaged record');
  expect(service.logged()).toContain('something that is not ours was left alone');
  expect((await service.call('GET', serverPath('hal'))).status).toBe(404);
  expect((await fetch(`${url}`)).status).toBe(200);
  await service.restart('SIGKILL', () => {
    writeFileSync(file, sound); // an administrator has repaired it
    rmSync(foreign, { recursive: true });
  });
  expect((await service.call('GET', serverPath('hal'))).body.state).toBe('ready');
});

test('a server of a hub that is no longer configured lives on, and the administrator can stop it', async ({
  service,
}) => {
  const started = { spawn_id: 'restart-hub', profile: 'web' };
  await service.call('POST', serverPath('ida'), started, 'test-other-token-0123456789');
  const config = readFileSync(service.config, 'utf8');
  await service.restart('SIGKILL', () =>
    writeFileSync(service.config, config.replace(', {name: other, token_env: OTHER_TOKEN}', '')),
  );
  expect(service.logged()).toContain('the hub of this server is not configured');
  const admin = createClient(new URL(service.url), adminToken(service.stateDirectory));
  const ida = { hub: 'other', user: 'ida', name: '' };
  await expect.poll(async () => (await admin.show(ida)).state).toMatch(/ready|exited/);
  await admin.stop(ida);
  await expect(admin.show(ida)).rejects.toThrow('no server of ida is known');
  await service.restart('SIGKILL', () => writeFileSync(service.config, config));
});

test('with stop_servers_on_exit an orderly end stops every server, and their hubs still learn how they ended', async ({
  service,
}) => {
  await service.start('jo', { spawn_id: 'restart-exit', profile: 'web' });
  const { pid } = (await service.call('GET', serverPath('jo'))).body;
  const config = readFileSync(service.config, 'utf8');
  writeFileSync(service.config, config.replace('state_dir:', 'stop_servers_on_exit: true, state_dir:'));
  await service.restart(); // now it knows
  await service.restart('SIGTERM');
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  expect((await service.call('GET', serverPath('jo'))).body).toMatchObject({ state: 'exited' });
  writeFileSync(service.config, config);
  await service.restart();
});
