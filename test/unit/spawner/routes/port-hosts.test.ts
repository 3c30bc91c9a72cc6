// The names of ports' hosts: valid, never shared, and none that a hub gives a user or a service.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Config } from '../../../../config/load.ts';
import type { ServerRecord } from '../../../../spawner/records/record.ts';
import { createPortHosts, type PortHosts } from '../../../../spawner/routes/ports/port-hosts.ts';

function hostsOf(hub_url: string, domain: string | null = null): PortHosts {
  const config = { admin_page: { hub_url }, port_links: { domain } } as unknown as Config;
  const hosts = createPortHosts(config);
  if (hosts === null) throw new Error('no hosts');
  return hosts;
}

const record = (user: string, name = '', route_host: string | null = null) =>
  ({ user, name, route_host }) as ServerRecord;
const hosts = hostsOf('https://hub.example.org');

test.each([
  ['alice', '', 8501, '8501--alice'],
  ['alice', 'lab', 8501, '8501--lab--alice'],
  ['a-b', 'c-d', 80, '080--c-d--a-b'],
  ['123', '', 65_535, '65535--123'],
])('%s/%s has port %d at %s', (user, name, port, label) => {
  expect(hosts.originOf(record(user, name), port)).toBe(`https://${label}.hub.example.org`);
});

test.each([
  ['ann.smith', '', '8501--annsmith--id--'],
  ['jürgen', '', '8501--jrgen--id--'],
  ['用户', '', '8501--x--id--'],
  ['a--b', '', '8501--ab--id--'],
  ['xn--jrgen-kva', '', '8501--xnjrgenkva--id--'],
  ['-a', '', '8501--a--id--'],
  ['a-', 'b', '8501--ba--id--'],
  ['Alice', '', '8501--alice--id--'],
  ['a'.repeat(60), '', `8501--${'a'.repeat(16)}--id--`],
  ['a'.repeat(30), 'b'.repeat(30), `8501--${'b'.repeat(16)}--id--`],
])('%s/%s has a digest in its host', (user, name, begin) => {
  const label = hosts.hostOf(record(user, name), 8501).split('.')[0] ?? '';
  expect(label.startsWith(begin)).toBe(true);
  expect(label.slice(begin.length)).toMatch(/^[0-9a-f]{32}$/);
});

test('two servers and ports never have the same host, each is one valid label, and leads back', () => {
  const part = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }),
    fc.string({
      unit: fc.constantFrom('a', 'b', '-', '--', '.', 'A', 'id', '1'),
      minLength: 1,
      maxLength: 8,
    }),
  );
  const server = fc.tuple(part, fc.oneof(fc.constant(''), part), fc.integer({ min: 1, max: 65_535 }));
  fc.assert(
    fc.property(server, server, (one, other) => {
      const [host, another] = [one, other].map(([user, name, port]) =>
        hosts.hostOf(record(user, name), port),
      );
      expect(host).toMatch(/^(?=.{1,63}\.)[0-9]{3,5}--[a-z0-9]+(?:-{1,2}[a-z0-9]+)*\.hub\.example\.org$/);
      expect(host === another).toBe(JSON.stringify(one) === JSON.stringify(other));
      const records = [record(other[0], other[1]), record(one[0], one[1])];
      const found = hosts.find(`${host}:443`, records);
      expect([found?.record.user, found?.record.name, found?.port]).toEqual(one);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  '8501--bob.hub.example.org',
  '8501--alice.hub.example.org.evil.example',
  'x.8501--alice.hub.example.org',
  '08501--alice.hub.example.org',
  '80--alice.hub.example.org',
  '000--alice.hub.example.org',
  '65536--alice.hub.example.org',
  '8501-alice.hub.example.org',
  'alice.hub.example.org',
  '8501--alice.hub.example.org@evil.example',
  '',
  undefined,
])('no port of alice is at %s', (host) => {
  expect(hosts.find(host, [record('alice')])).toBeNull();
});

test('a host that a user has is none of a port, and no server may begin at one that has the form', () => {
  const taken = record('8501--alice', '', '8501--alice.hub.example.org');
  expect(hosts.find('8501--alice.hub.example.org', [record('alice'), taken])).toBeNull();
  expect(hosts.isPortHost('8501--alice.hub.example.org')).toBe(true);
  expect(hosts.isPortHost('8501--ALICE.HUB.example.org')).toBe(true);
  expect(hosts.isPortHost('u-8501alice--0123abc.hub.example.org')).toBe(false);
  expect(hosts.isPortHost('alice.hub.example.org')).toBe(false);
});

test('another domain has the scheme and port of the hub, gets no cookie of it, and no user has a host there', () => {
  const other = hostsOf('https://hub.example.org:8443', 'ports.example.net');
  expect(other.originOf(record('alice'), 8501)).toBe('https://8501--alice.ports.example.net:8443');
  expect(other.getHubCookies).toBe(false);
  expect(hostsOf('https://hub.example.org', 'ports.hub.example.org').getHubCookies).toBe(true);
  expect(other.isPortHost('8501--alice.hub.example.org')).toBe(false);
});
