// What a sandbox gets of the host's resolv.conf, its name and its hosts. Not here: names that resolve
// (test/integration/portwrap/names.test.ts).
import { expect, test } from 'vitest';
import { evaluateNames } from '../../../../portwrap/doctor/names.ts';
import { parseResolvConf } from '../../../../portwrap/network/host-resolver.ts';
import { withOwnName } from '../../../../portwrap/network/own-name.ts';
import { slirpNetwork } from '../../../../portwrap/network/policy.ts';
import { resolverInside } from '../../../../portwrap/network/resolver-inside.ts';

const hostWith = (...nameservers: string[]) => ({ path: '/etc/resolv.conf', nameservers, settings: [] });

test('resolv.conf is read as glibc reads it', () => {
  const text = [
    '# nameserver 192.0.2.1',
    ' nameserver 192.0.2.2',
    'nameserver\t192.0.2.3 # office',
    'nameserver 2001:db8::1',
    'search a.test b.test',
    'options edns0 trust-ad',
    'nameserver 192.0.2.4',
    'nameserver 192.0.2.5',
    'domains x',
  ].join('\n');
  expect(parseResolvConf(text)).toEqual({
    nameservers: ['192.0.2.3', '2001:db8::1', '192.0.2.4'],
    settings: ['search a.test b.test', 'options edns0 trust-ad'],
  });
});

test.each([
  [
    'the first is behind the forwarder, the next are asked themselves',
    ['192.0.2.1', '192.0.2.2'],
    ['192.0.2.2'],
  ],
  ['no address that leads elsewhere inside', ['127.0.0.53', '127.0.0.1', '10.0.2.3', '169.254.169.253'], []],
  ['IPv6 is not needed beside IPv4', ['2001:db8::1', '192.0.2.1'], []],
  ['none at all', [], []],
])('name servers inside: %s', (_, nameservers, direct) => {
  const inside = resolverInside(hostWith(...nameservers), slirpNetwork, true);
  expect(inside).toMatchObject({ direct, ipv6: false, problem: null });
  expect(inside.content).toBe(['10.0.2.3', ...direct].map((address) => `nameserver ${address}\n`).join(''));
});

test('with IPv6 name servers only, they are asked themselves if the forwarder can', () => {
  const host = hostWith('2001:db8::1', 'fe80::1', '::1', '2001:db8::2%eth0');
  expect(resolverInside(host, slirpNetwork, true)).toEqual({
    ...{ content: 'nameserver 2001:db8::1\n', direct: ['2001:db8::1'] },
    ...{ ipv6: true, problem: null },
  });
  expect(resolverInside(host, slirpNetwork, false)).toMatchObject({ direct: [], ipv6: false });
  expect(resolverInside(host, slirpNetwork, false).problem).toContain('no name resolves inside');
  expect(resolverInside(hostWith('fe80::1%eth0'), slirpNetwork, true).problem).toContain('link-local');
});

test.each([
  ['on the loopback already', '127.0.1.1 node1.lan node1\n', '', null],
  ['elsewhere', '192.0.2.9 node1.lan node1\n', '', '127.0.1.1\tnode1.lan node1\n192.0.2.9 node1.lan node1\n'],
  ['nowhere', '127.0.0.1 localhost\n', '', '127.0.1.1\tnode1.lan node1\n127.0.0.1 localhost\n'],
  ['in a comment', '# 127.0.1.1 node1.lan\n', '', '127.0.1.1\tnode1.lan node1\n# 127.0.1.1 node1.lan\n'],
  ['given by nss-myhostname', '127.0.0.1 localhost\n', 'hosts: files myhostname dns\n', null],
])("the host's own name %s", (_, hosts, nsswitch, expected) => {
  expect(withOwnName(hosts, 'node1.lan', nsswitch)).toBe(expected);
});

test.each([
  ['a usual host', hostWith('127.0.0.53'), 'slirp4netns', false, 'ok', 'sandboxes ask 127.0.0.53'],
  ['only IPv6', hostWith('2001:db8::1'), 'slirp4netns', false, 'ok', 'over IPv6'],
  ['only IPv6 with pasta', hostWith('2001:db8::1'), 'pasta', false, 'warning', 'IPv4 name servers only'],
  ['no name server', hostWith(), 'slirp4netns', false, 'warning', 'names no name server'],
  ['no file', { ...hostWith(), path: null }, 'slirp4netns', false, 'warning', 'does not exist'],
  [
    'WSL',
    { ...hostWith('192.0.2.1'), path: '/mnt/wsl/resolv.conf' },
    'slirp4netns',
    false,
    'ok',
    'sandboxes ask',
  ],
  [
    'WSL, for root',
    { ...hostWith('192.0.2.1'), path: '/mnt/wsl/resolv.conf' },
    'slirp4netns',
    true,
    'warning',
    'does not see',
  ],
] as const)('the doctor on names: %s', (_, host, forwarder, runsAsRoot, status, what) => {
  const check = evaluateNames(host, forwarder, forwarder === 'slirp4netns', runsAsRoot);
  expect(check).toMatchObject({ name: 'names', status });
  expect(check.what).toContain(what);
  expect(check.fix === '').toBe(status === 'ok');
});
