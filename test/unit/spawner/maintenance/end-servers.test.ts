// When servers are asked to end for a maintenance. The clock is vitest's.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../../../../config/logger.ts';
import { endServersInTime } from '../../../../spawner/maintenance/end-servers.ts';
import type { MaintenanceView } from '../../../../spawner/maintenance/maintenance.ts';
import type { Server } from '../../../../spawner/servers/server.ts';

const noon = Date.parse('2026-12-01T12:00:00.000Z');
beforeEach(() => vi.useFakeTimers({ now: noon }));
afterEach(() => vi.useRealTimers());

function world(stopServersAt: string | null) {
  let view: MaintenanceView = {
    ...{ state: 'on', message: 'new disks', starts_at: '2026-12-01T11:00:00.000Z' },
    stop_servers_at: stopServersAt,
  };
  const stopped: string[] = [];
  let changed = () => {};
  const server = (user: string, state: string) =>
    ({
      record: { user, name: '', state },
      stop: async (now: boolean, reason: Error) => stopped.push(`${user} ${now} ${reason.message}`),
    }) as unknown as Server;
  const close = endServersInTime({
    maintenance: {
      view: () => view,
      onChange(listen) {
        changed = listen;
      },
    },
    servers: { list: () => [server('ann', 'ready'), server('bea', 'starting'), server('cleo', 'exited')] },
    log: createLogger('silent', 'test'),
  });
  const replan = (next: string | null) => {
    view = { ...view, stop_servers_at: next };
    changed();
  };
  return { stopped, close, replan };
}

const all = ['ann false stopped for maintenance: new disks', 'bea false stopped for maintenance: new disks'];

test('at their time, each that lives is asked once; those that have ended are not', () => {
  const { stopped, close } = world('2026-12-01T12:10:00.000Z');
  vi.advanceTimersByTime(599_000);
  expect(stopped).toEqual([]);
  vi.advanceTimersByTime(7_200_000);
  expect(stopped).toEqual(all);
  close();
});

test('at once, where the time passed while the service was away', () => {
  const { stopped } = world('2026-12-01T11:30:00.000Z');
  expect(stopped).toEqual(all);
});

test('never, where no time is given, the maintenance ends before, or the service does', () => {
  const never = world(null);
  const ended = world('2026-12-01T12:10:00.000Z');
  ended.replan(null);
  const closed = world('2026-12-01T12:10:00.000Z');
  closed.close();
  vi.advanceTimersByTime(7_200_000);
  expect([never.stopped, ended.stopped, closed.stopped]).toEqual([[], [], []]);
});

test('a clock that is set forward is noticed', () => {
  const { stopped } = world('2026-12-02T12:00:00.000Z');
  vi.setSystemTime(noon + 86_400_000);
  vi.advanceTimersByTime(60_000);
  expect(stopped).toEqual(all);
});
