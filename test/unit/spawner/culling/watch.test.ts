// Which servers are asked what they are doing.
import { afterEach, expect, test, vi } from 'vitest';
import type { Config } from '../../../../config/load.ts';
import { createLogger } from '../../../../config/logger.ts';
import { createActivityWatch } from '../../../../spawner/culling/watch.ts';
import { noPlacement } from '../../../../spawner/records/record.ts';
import type { Server } from '../../../../spawner/servers/server.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('a server that takes its hub and the proxy only is not asked, nor one whose port another program may have', async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  const servers = [
    readyServer('open', null),
    readyServer('closed', 'AB:CD'),
    readyServer('lost', null, false),
  ];
  const watch = createActivityWatch({
    servers: { list: () => servers },
    config: () =>
      ({
        ...{ service: { activity_interval: 1 }, proxy: null },
        profiles: [{ name: 'default', culling: { idle_timeout: 1, max_age: null, warning: 0 } }],
      }) as unknown as Config,
    routes: { lastActivity: () => null },
    tokens: { of: () => null },
    notes: { load: () => new Map(), save: async () => {} },
    clock: { monotonic: () => Date.now() / 1000, wall: Date.now },
    log: createLogger('silent', 'test'),
    async ask(base) {
      asked.push(base);
      return { kind: 'other' };
    },
  });
  watch.begin();
  await vi.advanceTimersByTimeAsync(10_000);
  await watch.close();
  expect(new Set(asked)).toEqual(new Set(['http://127.0.0.1:20000/user/open/']));
  expect(watch.of('closed')).toEqual({
    last_activity: null,
    activity: null,
    cull_at: null,
    cull_reason: null,
  });
  expect(watch.totals().unknown).toBe(1);
});

function readyServer(user: string, certificate: string | null, isReachable = true): Server {
  const job = { id: '1', node: 'n1', host: '127.0.0.1', port: 20_000, ends_at: null };
  return {
    record: {
      ...{
        id: user,
        hub: 'hub',
        user,
        name: '',
        spawn_id: 'spawn-id',
        profile: 'default',
        request_digest: '',
      },
      ...{ route_prefix: `/user/${user}/`, ready_path: '/', certificate, state: 'ready', launcher: 'slurm' },
      ...{ started: '2026-01-01T00:00:00.000Z', phases: {}, exit: null, error: null },
      ...{ ...noPlacement, job },
    },
    isReachable,
    stop: () => Promise.reject(new Error('it must not be stopped')),
  } as unknown as Server;
}
