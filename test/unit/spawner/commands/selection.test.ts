// Which servers "stop --all" selects.
import { expect, test } from 'vitest';
import { select, type Wanted } from '../../../../spawner/commands/stop/selection.ts';
import type { ServerView } from '../../../../spawner/http/view.ts';

const now = Date.parse('2026-12-01T12:00:00.000Z');
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const still = { kernels: 1, busy: 0, terminals: 0, connections: 0 };
const server = (user: string, more: Partial<ServerView> = {}) =>
  ({
    ...{
      hub: 'hub',
      user,
      name: '',
      profile: 'small',
      state: 'ready',
      last_activity: ago(90),
      activity: still,
    },
    ...more,
  }) as ServerView;
const servers = [
  server('idle'),
  server('large', { profile: 'large' }),
  server('elsewhere', { hub: 'other' }),
  server('active', { last_activity: ago(5) }),
  server('busy', { activity: { ...still, busy: 1 } }),
  server('open', { activity: { ...still, connections: 1 } }),
  server('unknown', { last_activity: null, activity: null }),
  server('new', { state: 'starting', last_activity: null, activity: null }),
  server('gone', { state: 'exited' }),
];
const users = (wanted: Partial<Wanted>) => {
  const all = { hub: undefined, profile: undefined, idleFor: undefined };
  const { chosen, unknown } = select(servers, { ...all, ...wanted }, now);
  return [chosen.map(({ user }) => user), unknown.map(({ user }) => user)];
};

test('all that have not ended, without a condition', () => {
  expect(users({})).toEqual([servers.slice(0, -1).map(({ user }) => user), []]);
});

test('those of a hub and of a profile', () => {
  expect(users({ hub: 'other' })).toEqual([['elsewhere'], []]);
  expect(users({ profile: 'large', hub: 'hub' })).toEqual([['large'], []]);
});

test('those that nobody uses: a busy kernel and an open notebook are use, and what is unknown is left and named', () => {
  expect(users({ idleFor: 3600 })).toEqual([['idle', 'large', 'elsewhere'], ['unknown']]);
  expect(users({ idleFor: 6000 })).toEqual([[], ['unknown']]);
});
