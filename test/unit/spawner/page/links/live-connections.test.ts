// Connections through links: counted, bounded, and cut when their person may not open the port any more.
import { expect, test, vi } from 'vitest';
import { PortwrapError } from '../../../../../config/errors.ts';
import type { Session } from '../../../../../spawner/page/auth/sessions.ts';
import { createLiveConnections } from '../../../../../spawner/page/links/live-connections.ts';
import type { ServerRecord } from '../../../../../spawner/records/record.ts';

const session = { id: 's' } as Session;
const server = { id: 'r' } as ServerRecord;

function scene(
  holds: () => Promise<boolean> = async () => true,
  isOffered = () => true,
  isAllowed = (_session: Session, _server: ServerRecord, _port: number) => true,
  interval = 1,
) {
  let now = 7;
  const clock = { monotonic: () => now };
  const live = createLiveConnections({ holds, isOffered, isAllowed, clock, interval });
  return { live, pass: (seconds: number) => (now += seconds) };
}

test('a server is in use while connections are open, and was used when something came last', () => {
  const { live, pass } = scene();
  expect(live.useOf('r')).toEqual({ usedAt: null, connections: 0 });
  const ends = [live.begin(session, server, 80, () => {}), live.begin(session, server, 80, () => {})];
  pass(5);
  expect(live.useOf('r')).toEqual({ usedAt: 7, connections: 2 });
  live.touch('r');
  for (const end of [...ends, ...ends]) end();
  expect(live.useOf('r')).toEqual({ usedAt: 12, connections: 0 });
  live.close();
});

test('a server has 256 connections at most, and another one has its own', () => {
  const { live } = scene();
  const ends = Array.from({ length: 256 }, () => live.begin(session, server, 80, () => {}));
  expect(() => live.begin(session, server, 80, () => {})).toThrow('256 connections');
  live.begin(session, { ...server, id: 'other' }, 80, () => {});
  ends[0]?.();
  live.begin(session, server, 80, () => {});
  live.close();
});

test.each([
  ['the session has ended', async () => false, () => true],
  [
    'the hub refuses the person',
    async () => Promise.reject(new PortwrapError('PAGE_REFUSED', '')),
    () => true,
  ],
  ['the profile does not allow it any more', async () => true, () => false],
])('connections are cut when %s', async (_when, holds, isOffered) => {
  const { live } = scene(holds, isOffered);
  const cut = vi.fn();
  live.begin(session, server, 80, cut);
  await expect.poll(() => cut.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(0);
  live.close();
});

test('a hub that does not respond cuts nothing', async () => {
  let asked = 0;
  const { live } = scene(async () => {
    asked += 1;
    throw new PortwrapError('HUB_UNREACHABLE', '');
  });
  const cut = vi.fn();
  live.begin(session, server, 80, cut);
  await vi.waitUntil(() => asked > 3, { timeout: 10_000 });
  expect(cut).not.toHaveBeenCalled();
  live.close();
  expect(cut).toHaveBeenCalledOnce();
});

test('what is not allowed any more is cut at once, and nothing else', () => {
  const { live } = scene(undefined, undefined, (_session, _server, port) => port !== 80, 600_000);
  const [cut, kept] = [vi.fn(), vi.fn()];
  live.begin(session, server, 80, cut);
  live.begin(session, server, 81, kept);
  live.checkNow();
  expect([cut.mock.calls.length, kept.mock.calls.length]).toEqual([1, 0]);
  live.close();
});
