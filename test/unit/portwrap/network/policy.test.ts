// The network policy as nft reads it: what is accepted, what is refused, in which order.
import { expect, test } from 'vitest';
import {
  isNetwork,
  type NetworkPolicy,
  nftRuleset,
  reachesHostLoopback,
} from '../../../../portwrap/network/policy.ts';

const network = { cidr: '10.0.2.0/24', guest: '10.0.2.100', gateway: '10.0.2.2', dns: '10.0.2.3' };
const addresses = ['127.0.0.1', '192.0.2.2', '192.0.2.2', '::1', 'fd00::2'];
const policy: NetworkPolicy = { internet: true, dns: true, hosts: [{ address: '127.0.0.1', port: 8081 }] };

function rules(of: Partial<NetworkPolicy>): string[] {
  const lines = nftRuleset({ ...policy, ...of }, addresses, network, []).split('\n');
  return lines.slice(3, lines.indexOf('  }')).map((line) => line.trim());
}

/** The rules of the chain that redirects queries. */
function redirected(of: Partial<NetworkPolicy>, nameservers: readonly string[] = []): string[] {
  const text = nftRuleset({ ...policy, ...of }, addresses, network, nameservers);
  const chain = /chain queries \{\n.*\n([^}]*(?:\{[^}]*\}[^}]*)*?)\n {2}\}/.exec(text)?.[1] ?? '';
  return chain.split('\n').map((line) => line.trim());
}

const query = 'meta l4proto { tcp, udp } th dport 53';
const redirect = `${query} dnat ip to 10.0.2.3`;

test('queries that would be refused go to the name server of the forwarder, and no others', () => {
  expect(redirected({}, ['192.0.2.53'])).toEqual([
    'ip daddr 10.0.2.3 accept',
    'ip daddr 192.0.2.53 accept',
    'ip daddr 10.0.2.2 tcp dport 8081 accept',
    ...['10.0.2.0/24', '127.0.0.0/8', '169.254.0.0/16', '0.0.0.0/8', '224.0.0.0/4', '255.255.255.255'].map(
      (refused) => `ip daddr ${refused} ${redirect}`,
    ),
    `ip daddr 192.0.2.2 ${redirect}`,
  ]);
  expect(redirected({ internet: false }).at(-1)).toBe(`meta nfproto ipv4 ${redirect}`);
  const lists = { allow: ['198.51.100.0/24'], deny: ['198.51.100.7/32'] };
  expect(redirected({ internet: lists }).slice(-3)).toEqual([
    `ip daddr 198.51.100.7/32 ${redirect}`,
    'ip daddr 198.51.100.0/24 accept',
    `meta nfproto ipv4 ${redirect}`,
  ]);
});

test('without DNS nothing is redirected', () => {
  expect(nftRuleset({ ...policy, dns: false }, addresses, network, [])).not.toMatch(
    /dnat|dport 53|chain queries/,
  );
});

test('an IPv6 name server is opened with what IPv6 needs to find it, before all else of IPv6 is refused', () => {
  const text = nftRuleset(policy, addresses, network, ['2001:db8::53']);
  const lines = text.split('\n').map((line) => line.trim());
  expect(lines).toContain(
    'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept',
  );
  expect(lines.indexOf(`ip6 daddr 2001:db8::53 ${query} accept`)).toBeLessThan(
    lines.indexOf('meta nfproto ipv6 reject'),
  );
  expect(lines).toContain(`ip6 daddr 2001:db8::53 ${query} accept`);
});

test('a named port of the loopback is opened at the gateway; every other way to this host is refused', () => {
  expect(rules({})).toEqual([
    'oifname "lo" accept',
    'ct state established,related accept',
    'ip daddr 10.0.2.3 meta l4proto { tcp, udp } th dport 53 accept',
    'ip daddr 10.0.2.2 tcp dport 8081 accept',
    'ip daddr 10.0.2.0/24 reject',
    'ip daddr 127.0.0.0/8 reject',
    'ip daddr 169.254.0.0/16 reject',
    'ip daddr 0.0.0.0/8 reject',
    'ip daddr 224.0.0.0/4 reject',
    'ip daddr 255.255.255.255 reject',
    'ip daddr 192.0.2.2 reject',
    'meta nfproto ipv6 reject',
  ]);
});

test('without internet all is refused at the end, without DNS the name server is too', () => {
  const closed = rules({ internet: false, dns: false, hosts: [] });
  expect(closed.at(-1)).toBe('reject');
  expect(closed.join('\n')).not.toContain('dport');
});

test('only an endpoint on the loopback needs the gateway', () => {
  expect(reachesHostLoopback(policy)).toBe(true);
  expect(reachesHostLoopback({ ...policy, hosts: [{ address: '192.0.2.2', port: 1 }] })).toBe(false);
});

test('networks are refused before they are allowed, and everything else is refused', () => {
  const lists = { allow: ['198.51.100.0/24'], deny: ['198.51.100.7/32'] };
  expect(rules({ internet: lists }).slice(-3)).toEqual([
    'ip daddr 198.51.100.7/32 reject',
    'ip daddr 198.51.100.0/24 accept',
    'reject',
  ]);
});

test.each([
  ['198.51.100.0/24', true],
  ['198.51.100.1/32', true],
  ['198.51.100.1', false],
  ['198.51.100.0/33', false],
  ['198.51.100.0/24; accept', false],
  ['2001:db8::/32', false],
  ['', false],
])('%j as a network: %s', (text, expected) => {
  expect(isNetwork(text)).toBe(expected);
});
