// The routes of ports in the proxy: while their server runs, also after a restart, and not for longer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../../../config/load.ts';
import { createLogger } from '../../../../config/logger.ts';
import type { ServerRecord } from '../../../../spawner/records/record.ts';
import { createPortHosts } from '../../../../spawner/routes/ports/port-hosts.ts';
import { createPortRoutes } from '../../../../spawner/routes/ports/port-routes.ts';

const target = 'http://127.0.0.1:8097';
const record = (id: string, user: string, route_host: string | null = `${user}.hub.example`) =>
  ({ id, user, name: '', route_prefix: `/user/${user}/`, route_host, sandbox: {} }) as ServerRecord;
const [ann, bob] = [record('a1', 'ann'), record('b1', 'bob')];
const config = { admin_page: { hub_url: 'https://hub.example' }, port_links: { domain: null } };
const hosts = createPortHosts(config as unknown as Config);

let directory: string;
let table: Set<string>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'port-routes-'));
  table = new Set();
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What a service makes that finds these servers running. */
function begun(running: readonly ServerRecord[], named = hosts) {
  const add = async (prefix: string) => void table.add(prefix);
  const routes = { add, addBeside: add, remove: async (prefix: string) => void table.delete(prefix) };
  return createPortRoutes({
    ...{ directory, routes, target, hosts: named, records: () => running },
    log: createLogger('silent', 'test'),
  });
}

test('a server has the path of its ports from its beginning, and hosts when they are asked for, until it ends', async () => {
  const routes = begun([ann, bob]);
  await routes.begin(ann);
  await routes.begin(bob);
  expect([...table]).toEqual(['/ann.hub.example/user/ann/port', '/bob.hub.example/user/bob/port']);
  await routes.open(ann, [9000, 9001]);
  await routes.open(bob, [9000]);
  expect(table).toContain('/9001--ann.hub.example');
  expect(routes.isOurs(ann, target, '/9001--ann.hub.example')).toBe(true);
  expect(routes.isOurs(ann, 'http://127.0.0.1:1', '/9001--ann.hub.example')).toBe(false);
  expect(routes.isOurs(bob, target, '/9001--ann.hub.example')).toBe(false);
  await routes.end(ann);
  expect([...table]).toEqual(['/bob.hub.example/user/bob/port', '/9000--bob.hub.example']);
});

test('a server that has ended gets no host any more, however late the list of its ports comes', async () => {
  const routes = begun([ann]);
  await routes.begin(ann);
  await routes.end(ann);
  await routes.open(ann, [9000]);
  expect(table.size).toBe(0);
});

test('the next service gives the servers that it finds their hosts again', async () => {
  const before = begun([ann, bob]);
  for (const one of [ann, bob]) await before.begin(one).then(() => before.open(one, [9000]));
  table.clear();
  const after = begun([ann]);
  expect(after.isOurs(ann, target, '/9000--ann.hub.example')).toBe(true);
  await after.begin(ann);
  expect([...table]).toEqual(['/ann.hub.example/user/ann/port', '/9000--ann.hub.example']);
});

test('a file that cannot be read is as none', async () => {
  writeFileSync(join(directory, 'port-hosts.json'), '[["a1", ["x"]]]');
  const routes = begun([ann]);
  await routes.begin(ann);
  expect([...table]).toEqual(['/ann.hub.example/user/ann/port']);
});

test('a server has at most 256 hosts: the first ones give way', async () => {
  const routes = begun([ann]);
  await routes.begin(ann);
  await routes.open(
    ann,
    Array.from({ length: 256 }, (_, index) => 1000 + index),
  );
  await routes.open(ann, [5000]);
  expect([table.size, table.has('/5000--ann.hub.example'), table.has('/1000--ann.hub.example')]).toEqual([
    257,
    true,
    false,
  ]);
});

test('where hub and configuration disagree on subdomains, ports have no routes', async () => {
  await begun([ann], null).begin(ann);
  const plain = record('c1', 'carol', null);
  await begun([plain]).begin(plain);
  expect(table.size).toBe(0);
});
