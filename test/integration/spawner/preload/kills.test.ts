// Kill -9 of the fork server at random moments of starts and stops; the fixture looks for what is left.
// Not here: one kill at a time (life.test.ts), kills of the service (servers/storm.test.ts).
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forkedService, startedReport } from '../../../support/preload.ts';
import { processesBelow, serverPath } from '../../../support/service.ts';

const milliseconds = Number(process.env.STORM_MS ?? 12_000);

test('whenever the fork server is killed, every start succeeds, servers go on, and another one is started', async () => {
  const { service } = await forkedService();
  const stays = async () => (await service.call('GET', serverPath('ann'))).body.pid;
  await startedReport(service, 'ann');
  const before = await stays();
  const until = performance.now() + milliseconds;
  let starts = 0;
  let kills = 0;
  const storm = async (user: string) => {
    while (performance.now() < until) {
      await startedReport(service, user);
      starts += 1;
      expect((await service.call('DELETE', serverPath(user))).status).toBe(204);
    }
  };
  const kill = async () => {
    while (performance.now() < until) {
      await pause(500 * Math.random());
      for (const pid of processesBelow(service.stateDirectory, 'portwrap_preload'))
        if (parentOf(pid) === service.pid()) kills += Number(process.kill(pid, 'SIGKILL'));
    }
  };
  await Promise.all([storm('bob'), storm('eve'), kill()]);
  expect(Math.min(starts, kills)).toBeGreaterThan(1);
  expect(await stays()).toBe(before);
  const running = () => processesBelow(service.stateDirectory, 'portwrap_preload').length;
  await expect.poll(running, { timeout: 60_000 }).toBeGreaterThan(0);
});

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0; // it ended during the check
  }
}
