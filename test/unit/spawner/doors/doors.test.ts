// Which servers get a door, without opening one. Not here: going through it (test/integration/spawner/servers/enter.test.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDoors } from '../../../../spawner/doors/doors.ts';

test.each([
  ['a server that has ended already has none, and that is no trouble', spawnSync('sh', ['-c', ':']).pid, 0],
  ['a server of an earlier version, which runs, has none, and the log says so', process.pid, 1],
])('%s', async (_, pid, troubles) => {
  const directory = mkdtempSync(join(tmpdir(), 'doors-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const logged: unknown[] = [];
  const log = { warn: (entry: unknown) => logged.push(entry) };
  const place = { sandbox: { child: { pid }, directory: join(directory, 'none'), cgroup: null } };
  const running = { place, exited: new Promise(() => {}) };
  const launcher = { start: async () => running };
  const doors = createDoors({
    ...{ asRoot: true, stateId: 'own', directory: join(directory, 'doors') },
    log: log as never,
  });
  const record = { id: 'x', hub: 'hub', user: 'ann', name: '' };
  expect(await doors.guard(launcher as never).start({ record } as never, {} as never, {} as never)).toBe(
    running,
  );
  doors.close();
  expect(logged).toHaveLength(troubles);
  expect(existsSync(join(directory, 'doors'))).toBe(false);
});
