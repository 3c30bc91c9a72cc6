// The arguments of portwrap-wrapper. Not here: what it does (loader.test.ts, integration/portwrap/).
import { expect, test } from 'vitest';
import { wrapperArgv } from '../../../../../portwrap/launch/wrapper/argv.ts';
import { programArgv } from '../../../../../portwrap/launch/wrapper/program.ts';
import { rootsWrapper, wrapper } from './example.ts';

const tools = (name: string) => `/bin/${name}`;
const program = '/p/portwrap-wrapper';

test('without root it has a user namespace, and a guard instead of the loader', () => {
  expect(programArgv(tools, program, wrapper, ['/bin/bwrap', '--args', '3'])).toEqual([
    ...[program, '--own-users', '--guard', '6', '--life', '7', '--launcher', '8'],
    ...['--held-fifo', '7', '/d/life', '--fifo', '/d/forwarder', '--fifo', '/d/uplink'],
    ...['--bind', '/dev/null', '/dev/console', '--new-terminals', '/dev/pts'],
    ...['--ignore-signal', '2', '--ignore-signal', '15'],
    ...['--', '/bin/bwrap', '--args', '3'],
  ]);
});

test('as root it has a loader that changes settings, and the command reports on a FIFO that it holds itself', () => {
  const all = {
    ...rootsWrapper,
    ...{ maps: '/d/maps', sysctls: { lowPorts: true, routeLoopback: true }, terminals: [] },
    ...{ detached: true, ignoredSignals: [] },
  };
  expect(programArgv(tools, program, all, ['/bin/bwrap'])).toEqual([
    ...[program, '--loader', '9', '/bin/nft', '/d/policy.log'],
    ...['--setting', '/proc/sys/net/ipv4/ip_unprivileged_port_start', '0'],
    ...['--setting', '/proc/sys/net/ipv4/conf/all/route_localnet', '1'],
    ...['--life', '7', '--launcher', '8'],
    ...['--held-fifo', '7', '/d/life', '--fifo', '/d/forwarder', '--fifo', '/d/uplink'],
    ...['--held-fifo', '6', '/d/maps', '--launcher-again', '9'],
    ...['--detached', '--', '/bin/bwrap'],
  ]);
});

test('temporary files with a bound have a file that is formatted and mounted before the command', () => {
  const image = { file: '/t/image', directory: '/t/files', format: ['/bin/mkfs.ext4', '-q', '/t/image'] };
  const argv = programArgv(tools, program, { ...rootsWrapper, image }, ['/bin/bwrap']);
  const words = ['--image', '/t/image', '/t/files', '3', '/bin/mkfs.ext4', '-q', '/t/image'];
  expect(argv.slice(argv.indexOf('--image'), argv.indexOf('--ignore-signal'))).toEqual(words);
});

test.each([
  ['where the program was not compiled', null, wrapper],
  ['for a sandbox in a scope of its own', program, { ...wrapper, keeper: true }],
])('the script is used %s', (_, compiled, request) => {
  expect(wrapperArgv(tools, compiled, request, ['bwrap'])).toContain('/bin/sh');
  expect(wrapperArgv(tools, program, wrapper, ['bwrap'])[0]).toBe(program);
});
