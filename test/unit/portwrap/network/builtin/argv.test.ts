// The arguments of portwrap-forward. Not here: what it does with them (contract/forwarder.test.ts).
import { expect, test } from 'vitest';
import { builtinArgv } from '../../../../../portwrap/network/builtin/argv.ts';

const request = { child: 42, hostAddress: '127.0.0.1', guestPort: 8888, routes: [], messages: null };
const ways = [
  ...['--alive', '3', '--ready', '4', '--bind', '127.0.0.1', '20000,20001'],
  ...['--inside', '127.0.0.1', '8888', '--inside', '::1', '8888', '--inside', '10.0.2.100', '8888'],
];

test.each([
  ['without root it stays what it is', null, []],
  ['root becomes the owner of the sandbox', { uid: 7, gid: 8, lowPorts: false }, ['--account', '7', '8']],
  [
    'which may bind ports of root, if the launch needs it',
    { uid: 7, gid: 8, lowPorts: true },
    ['--account', '7', '8', '--low-ports'],
  ],
  [
    "the owner of root's own sandbox has no capabilities either",
    { uid: 0, gid: 0, lowPorts: false },
    ['--account', '0', '0'],
  ],
])('%s', (_, owner, words) => {
  expect(builtinArgv(request, [20000, 20001], owner)).toEqual(['--sandbox', '42', ...words, ...ways]);
});

test('it leads to listeners of this host, each once, and is told where messages go', () => {
  const host = { address: '127.0.0.1', port: 8081 };
  const argv = builtinArgv({ ...request, routes: [host, host], messages: 2 }, [20000, 20001], null);
  expect(argv.slice(-5)).toEqual(['--route', '10.0.2.2', '8081', '127.0.0.1', '8081']);
  expect(argv.filter((word) => word === '--route')).toHaveLength(1);
  expect(argv.join(' ')).toContain('--messages 5');
});
