// Shares, soft limits and the limits of all servers together, as the kernel enforces them. The service gets control
// groups of its own, so that its limits bind no other test. Not here: version 2 (test/unit/portwrap/cgroups).
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { test as base, describe, expect } from 'vitest';
import { cgroupSurroundings } from '../../../../portwrap/index.ts';
import { runId } from '../../../support/machine/run-id.ts';
import { hasControlGroups } from '../../../support/machine/world.ts';
import { skipIf } from '../../../support/reasons.ts';
import { runCommand, serverPath, type TestService } from '../../../support/service.ts';
import { startedService } from '../../../support/service-test.ts';

const { v1 } = cgroupSurroundings().hierarchies;
const isVersion1 = hasControlGroups && v1.memory !== undefined && v1.cpu !== undefined;

const serve = 'exec /usr/bin/python3 -m http.server 8888';
const profile = (name: string, script: string, resources: string) => `
  - name: ${name}
    command: ${JSON.stringify(['bash', '-c', script])}
    resources: ${resources}`;
const hoard = (megabytes: number) =>
  `cd; exec /usr/bin/python3 -c 'import http.server as h; x = b"x" * ${megabytes << 20}; h.test(h.SimpleHTTPRequestHandler, port=8888)'`;
const profiles = [
  profile(
    'fair',
    `cd; { nice; cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/memory/memory.soft_limit_in_bytes; } > out.txt; ${serve}`,
    '{cpu_weight: 300, nice: 5, memory_high: 256M, cpus: 64}',
  ),
  profile('hoards', hoard(150), '{}'),
].join('');

/** For each controller, a group for the service. */
const groups = Object.fromEntries(
  Object.entries(v1).map(([name, own]) => [name, join(own, `portwrap-shares-${runId()}`)]),
);
const enter = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';

const test = base
  .extend('asked', { scope: 'file' }, { limits: 'limits: {memory: 200M, cpus: 1.5, processes: 300}' })
  .extend('service', { scope: 'file' }, async ({ asked }, { onCleanup }) => {
    for (const group of Object.values(groups)) mkdirSync(group);
    const removed = (clean: () => Promise<void>) =>
      onCleanup(async () => {
        await clean();
        for (const group of Object.values(groups)) rmdirSync(group);
      });
    return startedService(removed, profiles, asked.limits, {
      within: ['sh', '-c', enter, 'sh', ...Object.values(groups), '--'],
    });
  });

const total = (controller: string, file: string) =>
  readFileSync(join(groups[controller] ?? '', 'portwrap', file), 'utf8').trim();

function limitAgain(service: TestService, limits: string): void {
  const text = readFileSync(service.config, 'utf8');
  writeFileSync(service.config, text.replace(/^limits: .*$/m, `limits: ${limits}`));
}

const withVersion1 = () => {
  test('a server has the shares, the soft limit and the nice value of its profile', async ({ service }) => {
    const last = (await service.start('ann', { spawn_id: 'shares-ann', profile: 'fair' })).at(-1);
    expect(last).toMatchObject({ ready: true });
    const output = await (await fetch(`${last?.url}/out.txt`)).text();
    expect(output.split('\n')).toEqual([
      String(Math.min(19, getPriority() + 5)),
      '3072',
      String(256 * 2 ** 20),
      '',
    ]);
  });

  test('all servers together have the limits of the configuration, whatever a profile says', () => {
    expect([total('memory', 'memory.limit_in_bytes'), total('pids', 'pids.max')]).toEqual([
      ...[String(200 * 2 ** 20), '300'],
    ]);
    expect(total('cpu', 'cpu.cfs_quota_us')).toBe('150000');
  });

  test('two servers that need more memory than all may have: the kernel ends one of them', async ({
    service,
  }) => {
    const starts = ['bea', 'cleo'].map((user) =>
      service.start(user, { spawn_id: `shares-${user}`, profile: 'hoards' }),
    );
    await Promise.all(starts);
    const ends = async () => {
      const answers = await Promise.all(['bea', 'cleo'].map((user) => service.call('GET', serverPath(user))));
      return answers.filter(({ body }) => (body.exit as { out_of_memory?: boolean } | null)?.out_of_memory);
    };
    await expect.poll(async () => (await ends()).length, { timeout: 60_000 }).toBe(1);
  });

  test('a limit below what is in use is not set: starts are refused, and say why, until it is', async ({
    service,
  }) => {
    limitAgain(service, '{memory: 100M}');
    expect((await runCommand(service, 'reload')).code).toBe(0);
    const last = (await service.start('dan', { spawn_id: 'shares-dan-1', profile: 'fair' })).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'LIMITS_UNAVAILABLE' } });
    expect(last?.message).toContain('limits of all servers together');
    limitAgain(service, '{}');
    expect((await runCommand(service, 'reload')).code).toBe(0);
    expect([total('pids', 'pids.max'), total('cpu', 'cpu.cfs_quota_us')]).toEqual(['max', '-1']);
    const again = (await service.start('dan', { spawn_id: 'shares-dan-2', profile: 'fair' })).at(-1);
    expect(again).toMatchObject({ ready: true });
  });
};

describe(
  'with control groups of version 1',
  skipIf(!isVersion1, 'needs root and control groups of version 1'),
  withVersion1,
);
