// Which servers get a door, without opening one, and what becomes of doors that a killed service left. Not here: going through it (test/integration/spawner/servers/enter.test.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
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

describe('doors that a killed service left, finished and unfinished, are removed', () => {
  test.each([
    ['its own, when it comes back, also where it finds no server again', 'own'],
    ["another service's, which did not come back", 'other'],
  ])('%s', async (_, stateId) => {
    const directory = makeDoorsDirectory();
    leaveSockets(join(directory, stateId, '1000'), join(directory, stateId, 'new', '1001'));
    const doors = createDoors({ asRoot: true, stateId: 'own', directory, log: {} as never });
    await vi.waitUntil(() => !existsSync(join(directory, stateId)));
    doors.close();
    expect(existsSync(directory)).toBe(false);
  });

  test('not those of another service, which runs', async () => {
    const directory = makeDoorsDirectory();
    const used = join(directory, 'other', 'new', '1000');
    mkdirSync(join(directory, 'other', 'new'), { recursive: true });
    const server = createServer((socket) => socket.destroy()).listen(used);
    onTestFinished(() => void server.close());
    leaveSockets(join(directory, 'other', 'new', '1001'), join(directory, 'other', '1001'));
    const doors = createDoors({ asRoot: true, stateId: 'own', directory, log: {} as never });
    await vi.waitUntil(() => !existsSync(join(directory, 'other', '1001')));
    doors.close();
    expect(existsSync(join(directory, 'other', 'new', '1001'))).toBe(false);
    expect(existsSync(used)).toBe(true);
  });
});

function makeDoorsDirectory(): string {
  const scratch = mkdtempSync(join(tmpdir(), 'doors-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  return join(scratch, 'doors');
}

/** Sockets whose process has ended without removing them. */
function leaveSockets(...paths: string[]): void {
  const bind =
    'import os, socket, sys\nfor p in sys.argv[1:]:\n  os.makedirs(os.path.dirname(p), exist_ok=True)\n  socket.socket(socket.AF_UNIX).bind(p)';
  const { status, stderr } = spawnSync('/usr/bin/python3', ['-c', bind, ...paths], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}
