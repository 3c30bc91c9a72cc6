// The maps of a user namespace: what they contain, and for whose processes they are written.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { groupMap, mapOwnGroups } from '../../../../portwrap/sandbox/own-groups.ts';
import { needsRoot } from '../../../support/reasons.ts';

test('each group is itself, the own one first, and none that has no number here', () => {
  expect(groupMap(100, [100, 65_534, 5001, 5001])).toBe('100 100 1\n5001 5001 1\n');
});

test('of many groups as many are mapped as the kernel takes in one write', () => {
  const map = groupMap(
    100,
    Array.from({ length: 1000 }, (_, index) => 1_000_000_000 + index),
  );
  expect(map.length).toBeLessThan(4096);
  expect(map.split('\n').length).toBeGreaterThan(150);
  expect(
    groupMap(
      100,
      Array.from({ length: 1000 }, (_, index) => index),
    ).split('\n').length,
  ).toBe(341);
});

/** A process of `uid` in a user namespace without maps. */
async function unmapped(uid: number) {
  const become = ['--reuid', String(uid), '--regid', String(uid), '--groups', '48123', 'unshare', '--user'];
  const child = spawn('setpriv', [...become, 'sh', '-c', 'echo; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    maps: () => ['uid', 'gid'].map((kind) => readFileSync(`/proc/${child.pid}/${kind}_map`, 'utf8').trim()),
    setgroups: () => readFileSync(`/proc/${child.pid}/setgroups`, 'utf8'),
    async end() {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}

test('a process of the account gets it and its groups, and may leave none of them', needsRoot, async () => {
  const process = await unmapped(48_001);
  mapOwnGroups(process.pid, { uid: 48_001, gid: 48_001 });
  const [users, groups = ''] = process.maps();
  expect(users?.split(/\s+/)).toEqual(['48001', '48001', '1']);
  expect(groups.trim().split(/\s+/)).toEqual(['48001', '48001', '1', '48123', '48123', '1']);
  expect(process.setgroups()).toBe('deny\n');
  await process.end();
});

test('the namespace of another account is left as it is', needsRoot, async () => {
  const process = await unmapped(48_002);
  expect(() => mapOwnGroups(process.pid, { uid: 48_001, gid: 48_001 })).toThrow(
    'the groups of the account could not be mapped',
  );
  expect([process.maps(), process.setgroups()]).toEqual([['', ''], 'allow\n']);
  await process.end();
});
