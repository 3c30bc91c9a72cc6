// Kill -9 of the service at random moments of hundreds of starts and stops by impatient clients; then a census:
// processes, ports, routes, records, logs and sandboxes are exactly those of the servers that are known.
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { createClient } from '../../../../spawner/http/client.ts';
import { freeRange } from '../../../support/machine/free-ports.ts';
import type { TestProxy } from '../../../support/proxy.ts';
import { hubToken, processesBelow, type TestService } from '../../../support/service.ts';
import { routedServiceTest } from '../../../support/service-test.ts';

const users = ['ann', 'bea', 'cat', 'dan', 'eve', 'fay'];
const startsWanted = Number(process.env.STORM_STARTS ?? 100);
const range = await freeRange(64);

const tinyServer =
  "import socket,sys;s=socket.create_server(('0.0.0.0',int(sys.argv[1])))\\nwhile 1:\\n c,_=s.accept();c.recv(999);c.send(b'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\n');c.close()";

const test = routedServiceTest(
  `
  - name: web
    command: [/usr/bin/python3, -S, -u, -c, "${tinyServer}", "{guest-port}"]
    stop_timeout: 2
`,
  `
ports: {range: ${range.low}-${range.high}}
limits: {concurrent_starts: 4}`,
);

test('nothing is lost and nothing is left, whenever the service is killed', async ({ service, proxy }) => {
  let starts = 0;
  let kills = 0;
  let storming = true;
  const client = createClient(new URL(service.url), hubToken);
  const again = async (work: () => Promise<unknown>) => {
    // what a hub does: asks until the service answers, whatever it answers
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === 'SERVICE_UNREACHABLE' || code === 'STARTING_UP') await pause(20);
        else if (['SPAWN_CONFLICT', 'SPAWN_CANCELLED', 'SERVER_UNKNOWN'].includes(code ?? '')) return code;
        else throw error;
      }
    }
  };
  const storm = async (user: string, seed: number) => {
    for (let round = 0; storming; round += 1) {
      const server = { user, name: '', spawnId: `storm-${user}-${round}` };
      starts += 1;
      const body = { spawn_id: server.spawnId, route_prefix: `/user/${user}/` };
      const started = again(() => client.start(server, body));
      const patience = (seed * 31 + round * 17) % 5; // some stop at once, some wait until it is ready
      if (patience > 0) await started;
      for (let step = 0; step < patience * 8; step += 1) await again(() => client.show(server));
      await again(() => client.stop(server, patience % 2 === 0));
      await started;
      await again(() => client.stop(server, true));
    }
  };
  const storms = users.map((user, index) => storm(user, index));
  while (starts < startsWanted) {
    const until = starts + 3 + Math.floor(Math.random() * 8);
    while (starts < until) await pause(5);
    await service.restart('SIGKILL');
    kills += 1;
  }
  storming = false;
  await Promise.all(storms);
  expect(kills).toBeGreaterThan(startsWanted / 20);
  expect(await client.servers()).toEqual([]);
  await expectNothingLeft(service, proxy);

  // and what lives through a last kill is known, reachable and routed
  for (const user of users)
    await service.start(user, { spawn_id: `last-${user}`, route_prefix: `/user/${user}/` });
  await service.restart('SIGKILL');
  await expect
    .poll(async () => (await client.servers()).map(({ state }) => state))
    .toEqual(users.map(() => 'ready'));
  const servers = await client.servers();
  for (const { url } of servers) expect((await fetch(url ?? '')).status).toBe(200);
  await expect
    .poll(async () => Object.keys(await proxy.routes()).sort())
    .toEqual(['/', ...users.map((user) => `/user/${user}`)].sort());
  expect(await listeningPorts()).toEqual(servers.map(({ port }) => port).sort());
  // each of them named by its record and nothing else
  expect(readdirSync(join(service.stateDirectory, 'records'))).toHaveLength(users.length);
  expect(readdirSync(join(service.stateDirectory, 'sandboxes'))).toHaveLength(users.length);
  for (const { user, name } of servers) await client.stop({ user, name });
  await expectNothingLeft(service, proxy);
}, 300_000);

async function expectNothingLeft(service: TestService, proxy: TestProxy): Promise<void> {
  for (const directory of ['records', 'sandboxes', 'logs']) {
    expect(readdirSync(join(service.stateDirectory, directory)), directory).toEqual([]);
  }
  const others = processesBelow(service.directory).filter((pid) => pid !== service.pid());
  expect(others.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))).toEqual([]);
  expect(await listeningPorts()).toEqual([]);
  expect(Object.keys(await proxy.routes())).toEqual(['/']);
}

async function listeningPorts(): Promise<number[]> {
  const all = Array.from({ length: range.high - range.low + 1 }, (_, index) => range.low + index);
  const open = await Promise.all(
    all.map(
      (port) =>
        new Promise<boolean>((resolve) => {
          const socket = connect({ host: '127.0.0.1', port });
          socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
          socket.once('connect', () => socket.destroy());
        }),
    ),
  );
  return all.filter((_, index) => open[index]);
}
