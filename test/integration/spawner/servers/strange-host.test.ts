// A host that becomes strange below a running service: file systems gone, full or read-only, made for real in a mount
// namespace of the service's own. In each state it says what is wrong, goes on with what it can, obeys SIGTERM, and
// recovers when the host is mended.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needsRoot } from '../../../support/reasons.ts';
import { processesBelow, serverPath, startService, type TestService } from '../../../support/service.ts';

const profiles = `
  - name: web
    command: [sh, -c, "exec /usr/bin/python3 -u -m http.server 8888"]
  - name: limited
    command: [sh, -c, "exec /usr/bin/python3 -u -m http.server 8888"]
    resources: {memory: 256M}
`;
/** Milliseconds in which SIGTERM must be obeyed, on a machine that is busy. */
const promptly = 10_000;
const patient = { timeout: 30_000, interval: 200 };

/** On the test's machine: `store` is where a mount that is taken away is kept meanwhile. */
let base = '';
let place = { state: '', store: '' };
let service: TestService | undefined;
/** Of servers that were left running: pid 1 of their sandboxes. */
let sandboxes: number[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'strange-'));
  place = { state: join(base, 'state'), store: join(base, 'store') };
  for (const path of Object.values(place)) mkdirSync(path);
});
afterEach(async () => {
  if (service !== undefined && sandboxes.length === 0) {
    for (const { user } of await serversOf(service)) await service.call('DELETE', serverPath(user));
    await expectPromptEnd(service);
  }
  const groups = sandboxes.map(groupOf);
  for (const pid of sandboxes.filter(isAlive)) process.kill(pid, 'SIGKILL');
  sandboxes = [];
  await expect.poll(() => processesBelow(base), patient).toEqual([]);
  for (const group of groups) await expect.poll(() => removedGroups(group), patient).toBe(true);
  await service?.dispose();
  service = undefined;
  rmSync(base, { recursive: true });
});

/** A service in a mount namespace of its own, in which `prepare` has been run. */
async function startIn(prepare: string, stateDirectory = place.state): Promise<TestService> {
  const within = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--',
    'sh',
    '-ec',
    `${prepare}\nexec "$@"`,
    'sh',
  ];
  service = await startService(profiles, '', { stateDirectory, within });
  return service;
}

function onItsHost(script: string): string {
  const argv = ['--mount', `--target=${service?.pid()}`, 'sh', '-ec', script];
  return execFileSync('nsenter', argv, { encoding: 'utf8' });
}

async function health(of = service): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${of?.url}/api/health`, { signal: AbortSignal.timeout(20_000) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const newId = () => randomUUID();
const start = (of: TestService, user: string, profile = 'web') =>
  of.start(user, { spawn_id: newId(), profile });
const last = <T>(list: readonly T[]) => list[list.length - 1];

/** Does the server of `user` answer through its host port? */
async function serves(of: TestService, user: string): Promise<number> {
  const { url } = (await of.call('GET', serverPath(user))).body;
  return (await fetch(`${url}`)).status;
}

/** A process that has ended and waits for init to see it is not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The name of the control groups of a sandbox; "" when there are none. */
function groupOf(pid: number): string {
  return /\/([0-9a-f]{12})$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
}

function groupsNamed(name: string): string[] {
  const find = ['/sys/fs/cgroup', '-type', 'd', '-name', name];
  return execFileSync('find', find, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

/** Removes the groups of that name, which nobody is in any more: their service ended before their sandbox. */
function removedGroups(name: string): boolean {
  for (const group of groupsNamed(name)) {
    try {
      rmdirSync(group);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error; // its last process is being reaped
    }
  }
  return groupsNamed(name).length === 0;
}

async function serversOf(of: TestService): Promise<{ user: string; pid: number | null }[]> {
  return (await of.call('GET', '/servers')).body as unknown as { user: string; pid: number | null }[];
}

/** With whatever servers it has; they are for the test to end. */
async function expectPromptEnd(of: TestService): Promise<void> {
  sandboxes = (await serversOf(of)).flatMap(({ pid }) => pid ?? []);
  const { code, took } = await of.end();
  expect(code).toBe(0);
  expect(took).toBeLessThan(promptly);
}

const bound = () =>
  `mount -t tmpfs -o size=4m,mode=700 store ${place.store}; mount --bind ${place.store} ${place.state}`;

const readOnly = (from: string, at: string) => `mount --bind ${from} ${at}; mount -o remount,bind,ro ${at}`;

describe('the state directory', needsRoot, () => {
  /** How it becomes unusable, how it is mended, and what is said meanwhile. */
  const states = [
    {
      name: 'unmounted below the service',
      spoil: () => `umount -l ${place.state}`,
      mend: () => `mount --bind ${place.store} ${place.state}`,
      says: /ENOENT.*unmounted/s,
    },
    {
      name: 'read-only',
      // what is open for writing stays so, as when the kernel makes a file system read-only after an error
      spoil: () => readOnly(place.store, place.state),
      mend: () => `umount -l ${place.state}`,
      says: /EROFS.*remount,rw/s,
    },
    {
      name: 'full',
      spoil: () => `dd if=/dev/zero of=${place.state}/fill bs=64k 2>/dev/null || true`,
      mend: () => `rm ${place.state}/fill`,
      says: /ENOSPC.*full/s,
    },
    {
      name: 'another one',
      spoil: () =>
        `mount -t tmpfs -o mode=700 other ${place.state}; echo 0123456789abcdef >${place.state}/state-id`,
      mend: () => `umount ${place.state}`,
      says: /not the state directory.*restart the service/s,
    },
  ];

  test.each(states)(
    '$name: starts are refused, servers go on, and all is well when it is mended',
    async (state) => {
      const own = await startIn(bound());
      await start(own, 'ann');
      await start(own, 'bea');
      expect(await health()).toEqual({ status: 200, body: { status: 'ok', reasons: [] } });

      onItsHost(state.spoil());
      await expect
        .poll(async () => (await health()).body, patient)
        .toMatchObject({ status: 'failing', code: 'STORAGE_FAILED' });
      const { status, body } = await health();
      expect(status).toBe(503);
      expect(`${body.message} ${body.hint}`).toMatch(state.says);
      expect(`${body.message} ${body.hint}`).toContain(place.state);
      if (state.name !== 'another one') {
        const refused = await own.call('POST', serverPath('cat'), { spawn_id: newId() });
        expect(refused).toMatchObject({ status: 507, body: { code: 'STORAGE_FAILED', server: 'cat' } });
        expect(`${refused.body.message} ${refused.body.hint}`).toMatch(state.says);
      }
      expect((await fetch(`${own.url}/api/health/ready`)).status).toBe(200);
      expect(await serves(own, 'ann')).toBe(200);
      const { pid } = (await own.call('GET', serverPath('bea'))).body;
      expect((await own.call('DELETE', serverPath('bea'))).status).toBe(204);
      expect(isAlive(Number(pid))).toBe(false);
      expect((await own.call('GET', serverPath('bea'))).status).toBe(404);

      onItsHost(state.mend());
      await expect.poll(async () => (await health()).body, patient).toEqual({ status: 'ok', reasons: [] });
      const records = readdirSync(`/proc/${own.pid()}/root${place.store}/records`);
      expect(records).toHaveLength(1); // of ann: bea's was made good
      expect(last(await start(own, 'dan'))).toMatchObject({ ready: true });
      await expect.poll(own.logged).toContain('health check passes again');
      expect(own.logged()).not.toContain('defect');
    },
  );

  test.each(states)('$name: SIGTERM is obeyed promptly', async ({ spoil }) => {
    const own = await startIn(bound());
    await start(own, 'ann');
    onItsHost(spoil());
    await expectPromptEnd(own);
    expect(sandboxes).toHaveLength(1);
    expect(own.logged()).not.toContain('defect');
  });

  test('read-only at the start of the service: it ends and says why', async () => {
    const starting = startIn(`${bound()}; mount -o remount,bind,ro ${place.state}`);
    await expect(starting).rejects.toThrow(
      /the state directory .* cannot be used: EROFS.*\n.*remount,rw.*STORAGE_FAILED/,
    );
  });

  test('where nothing can be made: the service ends and does not spin', async () => {
    await expect(startIn('true', '/proc/none/state')).rejects.toThrow(
      /\/proc\/none.*ENOENT.*\n.*STORAGE_FAILED/,
    );
  });
});

describe('the control groups', needsRoot, () => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4]?.startsWith('/sys/fs/cgroup'));
  const gone = 'umount -l -R /sys/fs/cgroup';
  /** They are mounted anew, as they were. */
  const back = () =>
    mounts
      .map((line) => {
        const [before = '', after = ''] = line.split(' - ');
        const [type, , options = ''] = after.split(' ');
        const at = before.split(' ')[4];
        const own = options.split(',').filter((option) => option !== 'rw' && option !== 'ro');
        return `mkdir -p ${at}; mount -t ${type} -o "${['rw', ...own].join(',')}" none ${at}`;
      })
      .join('\n');
  const all =
    "awk '$9 ~ /^cgroup2?$/ || $10 ~ /^cgroup2?$/ { print $5 }' /proc/self/mountinfo | grep ^/sys/fs/cgroup";
  const remount = (how: string) => `for at in $(${all}); do mount -o remount,bind,${how} $at; done`;

  test.each([
    ['gone', () => gone, back],
    ['read-only', () => remount('ro'), () => remount('rw')],
  ])('%s below the service: only what needs limits is refused', async (_, spoil, mend) => {
    const own = await startIn('true');
    expect(last(await start(own, 'ann', 'limited'))).toMatchObject({ ready: true });
    expect((await health()).body).toEqual({ status: 'ok', reasons: [] });
    const { pid } = (await own.call('GET', serverPath('ann'))).body;
    const group = groupOf(Number(pid));
    expect(groupsNamed(group)).not.toEqual([]);

    onItsHost(spoil());
    await expect.poll(async () => (await health()).body.status, patient).toBe('degraded');
    const { status, body } = await health();
    expect(status).toBe(200);
    expect(body.reasons).toEqual([
      {
        code: 'LIMITS_UNAVAILABLE',
        message: expect.stringMatching(
          /gone or read-only: no server of the profiles "limited" can be started/,
        ),
        hint: expect.stringContaining('Was the control group file system unmounted'),
      },
    ]);
    expect(last(await start(own, 'bea', 'limited'))).toMatchObject({
      failed: true,
      error: { code: 'LIMITS_UNAVAILABLE', hint: expect.stringContaining('Was the control group') },
    });
    expect(last(await start(own, 'cat'))).toMatchObject({ ready: true });
    expect(await serves(own, 'ann')).toBe(200);
    expect((await own.call('DELETE', serverPath('ann'))).status).toBe(204);

    onItsHost(mend());
    await expect.poll(async () => (await health()).body, patient).toEqual({ status: 'ok', reasons: [] });
    expect(groupsNamed(group)).toEqual([]); // that of ann, who ended meanwhile
    expect(last(await start(own, 'dan', 'limited'))).toMatchObject({ ready: true });
    expect(own.logged()).not.toContain('defect');
  });

  test('missing when the service starts: found when they are there', async () => {
    const own = await startIn(gone);
    expect((await health()).body).toMatchObject({
      status: 'degraded',
      reasons: [{ code: 'LIMITS_UNAVAILABLE' }],
    });
    expect(last(await start(own, 'ann'))).toMatchObject({ ready: true });
    onItsHost(back());
    await expect.poll(async () => (await health()).body, patient).toEqual({ status: 'ok', reasons: [] });
    expect(last(await start(own, 'bea', 'limited'))).toMatchObject({ ready: true });
  });
});

describe('the rest of the host', needsRoot, () => {
  test('no directory /dev/pts: servers start without terminals, and it is said', async () => {
    const own = await startIn('true');
    onItsHost(`mkdir ${base}/dev
mount --rbind /dev ${base}/dev
mount -t tmpfs -o mode=755 dev /dev
mkdir /dev/net /dev/shm
for name in null zero full random urandom tty net/tun; do
  : >/dev/$name
  mount --bind ${base}/dev/$name /dev/$name
done
ln -s /proc/self/fd /dev/fd`);
    await expect
      .poll(async () => (await health()).body, patient)
      .toMatchObject({ status: 'degraded', reasons: [{ code: 'TERMINALS_UNAVAILABLE' }] });
    expect((await health()).status).toBe(200);
    expect(last(await start(own, 'ann'))).toMatchObject({ ready: true });
    onItsHost('mkdir /dev/pts');
    await expect.poll(async () => (await health()).body, patient).toEqual({ status: 'ok', reasons: [] });
  });

  const readOnlyRun = readOnly('/run', '/run');

  test('/run read-only, the state directory elsewhere: servers start and stop', async () => {
    const own = await startIn('true');
    onItsHost(readOnlyRun);
    expect(last(await start(own, 'ann'))).toMatchObject({ ready: true });
    expect((await own.call('DELETE', serverPath('ann'))).status).toBe(204);
    expect((await health()).body).toEqual({ status: 'ok', reasons: [] });
  });

  test('/run read-only, with the state directory in it: the same as that', async () => {
    const own = await startIn('mount -t tmpfs run /run', '/run/portwrap-strange');
    await start(own, 'ann');
    onItsHost(readOnlyRun);
    await expect
      .poll(async () => (await health()).body, patient)
      .toMatchObject({ status: 'failing', code: 'STORAGE_FAILED' });
    expect((await own.call('DELETE', serverPath('ann'))).status).toBe(204);
  });
});
