// Whom a forwarder runs as, and slirp4netns' arguments, as whole lists.
import { expect, test } from 'vitest';
import {
  asSandboxOwner,
  needsRootPorts,
  sandboxOwner,
} from '../../../../portwrap/network/forwarder-account.ts';
import { slirpArgv, slirpErrors, slirpHint } from '../../../../portwrap/network/slirp4netns.ts';

const tools = (name: string) => `/bin/${name}`;
const argv = ['/bin/slirp4netns', 'x'];
const alice = { uid: 1001, gid: 1002 };

test('a launcher without root starts the forwarder as itself', () => {
  expect(asSandboxOwner(tools, null, false, argv)).toEqual(argv);
});

test("root starts it as the sandbox's account, without groups, capabilities, and ways to gain any", () => {
  expect(asSandboxOwner(tools, alice, false, argv)).toEqual([
    '/bin/setpriv',
    '--reuid=1001',
    '--regid=1002',
    '--clear-groups',
    '--no-new-privs',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--bounding-set=-all',
    '--',
    ...argv,
  ]);
});

test('a port that is reserved for root leaves it the one capability to bind it', () => {
  const kept = asSandboxOwner(tools, alice, true, argv).filter(
    (word) => word.includes('caps') || word.includes('set='),
  );
  expect(kept).toEqual([
    '--inh-caps=-all,+net_bind_service',
    '--ambient-caps=-all,+net_bind_service',
    '--bounding-set=-all,+net_bind_service',
  ]);
});

test('only for a sandbox of root is it root, in a mount namespace of its own', () => {
  expect(asSandboxOwner(tools, { uid: 0, gid: 0 }, false, argv)).toEqual([
    ...['/bin/unshare', '--mount', '--propagation', 'slave', '--'],
    ...argv,
  ]);
});

test('the owner of a sandbox is read from its first process', () => {
  expect(sandboxOwner(process.pid)).toEqual({ uid: process.getuid?.(), gid: process.getgid?.() });
});

test.each([
  [[20_000, 80], true],
  [[20_000, 65_535], false],
  [[], false],
])('of the ports %j some are reserved for root: %s', (ports, expected) => {
  expect(needsRootPorts(ports)).toBe(expected);
});

const common = [
  ...['--configure', '--mtu=65520', '--enable-seccomp', '--disable-host-loopback', '--disable-dns'],
  ...['--ready-fd=3', '--exit-fd=4', '--api-socket=/proc/self/fd/6/socket'],
];
const request = { child: 4242, hostLoopback: false, dns: false, ipv6: false };
const forwarder = { confined: false, api: true };

test('slirp4netns enters the namespaces of the child as its owner', () => {
  expect(slirpArgv(request, forwarder)).toEqual([...common, '4242', 'tap0']);
  expect(slirpArgv({ ...request, hostLoopback: true, dns: true }, forwarder)).toEqual([
    ...common.filter((word) => !word.startsWith('--disable-')),
    ...['4242', 'tap0'],
  ]);
});

test('slirp4netns has IPv6 only for IPv6 name servers', () => {
  expect(slirpArgv({ ...request, ipv6: true }, forwarder)).toContain('--enable-ipv6');
  expect(slirpArgv(request, forwarder)).not.toContain('--enable-ipv6');
});

test('slirp4netns that is the uplink only has no API socket', () => {
  expect(slirpArgv(request, { ...forwarder, api: false }).join(' ')).not.toContain('api-socket');
});

test('slirp4netns that runs as root leaves the file system and its capabilities behind', () => {
  expect(slirpArgv(request, { ...forwarder, confined: true })).toEqual([
    ...common,
    ...['--enable-sandbox', '--netns-type=path', '--userns-path=/proc/4242/ns/user', '/proc/4242/ns/net'],
    'tap0',
  ]);
});

// slirp4netns 1.2.0 where the device is closed, and where a socket's path is too long
const closed = 'open("/dev/net/tun"): Permission denied\nchild failed(1)\n';

test('a failure tells the errors of slirp4netns, and not its progress or its banner', () => {
  const banner =
    'WARNING: Support for seccomp is experimental\nsent tapfd=5 for tap0\nreceived tapfd=5\n* API Socket: /x\n';
  expect(slirpErrors(`${banner}${closed}`)).toBe('open("/dev/net/tun"): Permission denied / child failed(1)');
  expect(slirpErrors(banner)).toBe('no message');
});

test('a device that the account may not open is named with the account and the command', () => {
  expect(slirpHint(closed, 1001)).toBe(
    'The account with uid 1001 may not open /dev/net/tun. As root: chmod 0666 /dev/net/tun',
  );
  expect(slirpHint(closed, undefined)).toContain('This account may not open');
  expect(slirpHint('open("/dev/net/tun"): No such file or directory', 1001)).toContain('modprobe tun');
  expect(slirpHint('child failed(1)', 1001)).toBeUndefined();
});
