// What a machine refuses: no room on the disk, no free descriptor. The service says so, loses nothing, and goes on.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { needsRoot } from '../../../support/reasons.ts';
import { processesBelow, serverPath, startService, type TestService } from '../../../support/service.ts';

const profiles = `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
`;
const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(options: Parameters<typeof startService>[2] = {}): Promise<TestService> {
  const service = await startService(profiles, '', options);
  undo.push(async () => {
    await service.dispose();
    expect(processesBelow(service.directory)).toEqual([]);
  });
  return service;
}

const newId = (() => {
  let serial = 0;
  return () => `refusal-${serial++}`;
})();

describe('a full disk', needsRoot, () => {
  test('refuses starts with a reason, stops servers all the same, and is forgotten when there is room', async () => {
    const mount = mkdtempSync(join(tmpdir(), 'pws-full-'));
    undo.push(() => rmSync(mount, { recursive: true, force: true }));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=711', 'tmpfs', mount]);
    undo.push(() => void execFileSync('umount', [mount]));
    const service = await start({ stateDirectory: join(mount, 'state') });
    const before = (await service.start('ann', { spawn_id: newId(), profile: 'web' })).at(-1);
    expect(before).toMatchObject({ ready: true });

    const filler = join(mount, 'filler');
    expect(() => writeFileSync(filler, Buffer.alloc(2_000_000))).toThrow('ENOSPC');
    const body = { spawn_id: newId(), profile: 'web' };
    const refused = await service.call('POST', serverPath('bea'), body);
    expect(refused).toMatchObject({ status: 507, body: { code: 'STORAGE_FAILED' } });
    await expect.poll(async () => (await service.call('GET', serverPath('bea'))).status).toBe(404);
    expect((await fetch(before?.url ?? '')).status).toBe(200);
    expect((await service.call('DELETE', serverPath('ann'))).status).toBe(204);
    await expect(fetch(before?.url ?? '')).rejects.toThrow();

    rmSync(filler);
    expect((await service.start('bea', body)).at(-1)).toMatchObject({ ready: true }); // the same start, repeated
    await service.restart();
    const all = (await service.call('GET', '/servers')).body as unknown as { user: string }[];
    expect(all.map(({ user }) => user)).toEqual(['bea']);
  });
});

test('without free descriptors starts fail, nothing stays of them, and the service goes on', async () => {
  const service = await start();
  const limit = readdirSync(`/proc/${service.pid()}/fd`).length + 30;
  execFileSync('prlimit', ['--pid', `${service.pid()}`, `--nofile=${limit}:${limit}`]);
  const users = Array.from({ length: 24 }, (_, index) => `u${index}`);
  const outcomes: string[] = [];
  for (const user of users) {
    const { body } = await service.call('POST', serverPath(user), { spawn_id: newId(), profile: 'web' });
    if (body.state === undefined) {
      outcomes.push(String(body.code));
      continue;
    }
    const shown = async () => (await service.call('GET', serverPath(user))).body;
    await expect.poll(async () => (await shown()).state, { timeout: 20_000 }).toMatch(/ready|exited/);
    const { state, error } = await shown();
    outcomes.push(state === 'ready' ? 'ready' : String((error as { code: string }).code));
  }
  expect(outcomes[0]).toBe('ready');
  const failures = outcomes.filter((outcome) => outcome !== 'ready');
  expect(new Set(failures)).toEqual(new Set(['RESOURCES_EXHAUSTED']));
  for (const user of users) await service.call('DELETE', `${serverPath(user)}?now=true`);
  expect(readdirSync(join(service.stateDirectory, 'sandboxes'))).toEqual([]);
  const after = await service.start('after', { spawn_id: newId(), profile: 'web' });
  expect(after.at(-1)).toMatchObject({ ready: true });
});
