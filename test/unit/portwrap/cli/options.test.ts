// The options that shape a sandbox: what they become, and every wrong value with its message.
import { expect, test } from 'vitest';
import { noLimits } from '../../../../portwrap/cgroups/limits.ts';
import { type CliRun, parseCli } from '../../../../portwrap/cli/parse.ts';

const ports = ['-p', '9876', '-P', '8888'];
const parse = (...options: string[]) => parseCli([...options, ...ports, 'cmd']) as CliRun;

test('without options: the files as they are, all of the internet, no listener of this host, no limits', () => {
  expect(parse()).toMatchObject({
    network: { forwarder: null, uplink: null },
    policy: { internet: true, dns: true, hosts: [] },
    files: { preset: 'host', devices: 'all', hide: [], readOnly: [], readWrite: [], temporary: [] },
    limits: noLimits,
    ...{ wait: false, verbose: false, json: false },
  });
});

test('--temporary-in: disk, memory with a size, or a directory; a size that cannot be kept is refused', () => {
  expect(parse().files).toMatchObject({ temporaryIn: 'disk', temporarySize: null });
  expect(parse('--temporary-in', 'memory', '--temporary-size', '2M').files).toMatchObject({
    temporaryIn: 'memory',
    temporarySize: 2_097_152,
  });
  expect(parse('--temporary-in', '/scratch/').files.temporaryIn).toBe('/scratch');
  expect(parse('--temporary-size', '16M').files).toMatchObject({
    temporaryIn: 'disk',
    temporarySize: 16_777_216,
  });
  expect(() => parse('--temporary-in', 'disk', '--temporary-size', '15M')).toThrow(/at least 16M on disk/);
  expect(() => parse('--temporary-in', '/scratch', '--temporary-size', '2G')).toThrow(
    /only with --temporary-in disk or memory/,
  );
  for (const place of ['ram', 'x/y', '/', '']) {
    expect(() => parse('--temporary-in', place)).toThrow(/--temporary-in must be disk, memory or/);
  }
  expect(() => parse('--temporary-in', 'memory', '--temporary-size', 'x')).toThrow(
    /--temporary-size must be/,
  );
});

test.each([
  ['yes', true],
  ['no', false],
  ['198.51.100.0/24', { allow: ['198.51.100.0/24'], deny: [] }],
  ['198.51.100.7,203.0.113.0/24', { allow: ['198.51.100.7/32', '203.0.113.0/24'], deny: [] }],
])('--internet %s', (value, internet) => {
  expect(parse('--internet', value).policy.internet).toEqual(internet);
});

test.each([
  ['5432', { address: '127.0.0.1', port: 5432 }],
  ['192.0.2.2:80', { address: '192.0.2.2', port: 80 }],
])('--allow-host %s', (value, endpoint) => {
  expect(parse('--allow-host', value, '--allow-host', '1').policy.hosts).toEqual([
    endpoint,
    { address: '127.0.0.1', port: 1 },
  ]);
});

test.each([
  ['1M', 1_048_576],
  ['1.5G', 1_610_612_736],
  ['2g', 2_147_483_648],
  ['2000000', 2_000_000],
])('--memory %s is %i bytes', (value, bytes) => {
  expect(parse('--memory', value).limits.memory).toBe(bytes);
});

test('paths may be given several times, and lose a slash at their end', () => {
  expect(parse('--hide', '/a/', '--hide', '/b', '--read-only', '/c').files).toMatchObject({
    hide: ['/a', '/b'],
    readOnly: ['/c'],
  });
});

test.each([
  ['--internet', 'maybe'],
  ['--internet', '198.51.100.0/33'],
  ['--internet', '198.51.100.0/24;accept'],
  ['--allow-host', '0'],
  ['--allow-host', 'localhost:80'],
  ['--allow-host', '192.0.2.2:99999'],
  ['--allow-host', '127.0.0.5:80'],
  ['--view', 'private'],
  ['--devices', 'none'],
  ['--forwarder', 'socat'],
  ['--hide', 'relative'],
  ['--read-write', '/'],
  ['--memory', '10K'],
  ['--memory', 'lots'],
  ['--cpus', '0'],
  ['--cpus', '-1'],
  ['--processes', '0'],
  ['--open-files', '3'],
  ['--completion', 'csh'],
])('%s %s is refused, naming both', (option, value) => {
  const refused = () => parse(`${option}=${value}`);
  expect(refused).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(refused).toThrow(option);
  expect(refused).toThrow(value.split(',')[0] ?? value);
});

test('doctor is ours only as the first word, and takes what the probes depend on', () => {
  expect(parseCli(['doctor', '--user', 'ann', '--json'])).toEqual({
    temporarySize: null,
    kind: 'doctor',
    user: 'ann',
    network: { forwarder: null, uplink: null },
    reach: { internet: true, dns: true, hosts: [] },
    json: true,
  });
  expect(parseCli(['doctor', '--internet', 'no', '--no-dns', '--allow-host', '9'])).toMatchObject({
    reach: { internet: false, dns: false, hosts: [{ address: '127.0.0.1', port: 9 }] },
  });
  expect(parseCli([...ports, 'doctor'])).toMatchObject({ kind: 'run', command: ['doctor'] });
  expect(() => parseCli(['doctor', '--memory', '1G'])).toThrow(/not "--memory"/);
});
