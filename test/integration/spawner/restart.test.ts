// Kill -9 of the service at any moment: nothing is lost, nothing is left.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesBelow, serverPath, startService, type TestService } from '../../support/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService(`
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
`);
});
afterAll(async () => {
  await service.dispose();
  expect(processesBelow(service.directory)).toEqual([]);
});

test('servers answer while the service is dead, and are adopted on the same port', async () => {
  const url = (await service.start('ann', { spawn_id: 'restart-1', profile: 'web' })).at(-1)?.url ?? '';
  const before = (await service.call('GET', serverPath('ann'))).body;
  await service.restart();
  expect((await fetch(url)).status).toBe(200);
  expect((await service.call('GET', serverPath('ann'))).body).toEqual(before);
  expect((await service.call('DELETE', serverPath('ann'))).status).toBe(204);
  await expect(fetch(url)).rejects.toThrow();
});

test('an orderly end of the service leaves servers running too', async () => {
  const url = (await service.start('bea', { spawn_id: 'restart-2', profile: 'web' })).at(-1)?.url ?? '';
  await service.restart('SIGTERM');
  expect((await fetch(url)).status).toBe(200);
  expect((await service.call('GET', serverPath('bea'))).body.state).toBe('ready');
});

test('the exit code of a server that died while the service was dead is learned', async () => {
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
});

test('an exited server is still known after a restart', async () => {
  await service.restart();
  expect((await service.call('GET', serverPath('cleo'))).body).toMatchObject({
    state: 'exited',
    spawn_id: 'restart-3',
  });
});

test('killed at any moment of a start, the service finds the server or ends it, and it can be stopped', async () => {
  const states = new Set<unknown>();
  for (let round = 0; round < 12; round += 1) {
    const spawn_id = `restart-mid-${round}`;
    await service.call('POST', serverPath('dan'), { spawn_id, profile: 'web' });
    for (let step = 0; step < round * 2; step += 1) await service.call('GET', serverPath('dan'));
    await service.restart();
    await expect
      .poll(async () => (await service.call('GET', `${serverPath('dan')}?spawn_id=${spawn_id}`)).body.state)
      .toMatch(/ready|exited/);
    states.add((await service.call('GET', serverPath('dan'))).body.state);
    expect((await service.call('DELETE', serverPath('dan'))).status).toBe(204);
  }
  expect(states.size).toBe(2); // both outcomes were met, so the moments were spread over the start
});
