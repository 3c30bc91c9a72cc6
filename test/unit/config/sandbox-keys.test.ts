// The keys of a profile that say what its sandbox sees, may reach and may use.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../config/load.ts';
import { bytesOf } from '../../../config/schema/values/size.ts';

function profile(yaml: string) {
  const text = `hubs: [{name: hub, token_env: T}]\nprofiles:\n  - name: p\n    ${yaml}\n`;
  return parseConfig(text, 'test.yaml').profiles[0];
}

test.each([
  ['2G', 2_147_483_648],
  ['512M', 536_870_912],
  ['1.5G', 1_610_612_736],
  ['16777216', 16_777_216],
])('memory %s is %i bytes', (written, bytes) => {
  expect(bytesOf(profile(`resources: {memory: "${written}"}`)?.resources.memory ?? '')).toBe(bytes);
});

test.each(['2g', '15M', '-1G', '2 G', 'lots', '99999999T'])('memory %s is refused', (written) => {
  expect(() => profile(`resources: {memory: "${written}"}`)).toThrow(/must be a size of at least 16M/);
});

test('the internet is all, none, or lists of networks', () => {
  expect(profile('network: {internet: false}')?.network.internet).toBe(false);
  expect(profile('network: {internet: {deny: [198.51.100.0/24]}}')?.network.internet).toEqual({
    allow: ['0.0.0.0/0'],
    deny: ['198.51.100.0/24'],
  });
});

test.each(['198.51.100.0/33', '2001:db8::/32', '198.51.100.0/24; accept', 'example.org'])(
  'the network %j is refused',
  (network) => {
    expect(() => profile(`network: {internet: {allow: ["${network}"]}}`)).toThrow(/CONFIG_INVALID|allow/);
  },
);

test.each(['relative', '{user}/x', '{home', '/a b'])('the path %j is refused', (path) => {
  expect(() => profile(`files: {hide: ["${path}"]}`)).toThrow(/files\.hide/);
});

test.each(['disk', 'memory', '/scratch/{username}', '{home}/tmp'])(
  'temporary files may be in %j',
  (place) => {
    expect(profile(`files: {temporary_in: "${place}"}`)?.files.temporary_in).toBe(place);
  },
);

test.each(['ram', '-/scratch', '{username}/x', 'Disk'])('temporary files in %j are refused', (place) => {
  expect(() => profile(`files: {temporary_in: "${place}"}`)).toThrow(/files\.temporary_in/);
});

test('a bound of temporary files that cannot be kept is refused, and says what can be done', () => {
  for (const place of ['memory', 'disk']) {
    const files = profile(`files: {temporary_in: ${place}, temporary_size: 1G}`)?.files;
    expect(files?.temporary_size).toBe('1G');
  }
  expect(() => profile('files: {temporary_in: /scratch, temporary_size: 1G}')).toThrow(
    /files\.temporary_size.*quotas of its file system/s,
  );
  expect(() => profile('files: {temporary_size: 1G}\n    launcher: slurm')).toThrow(
    /files\.temporary_size.*temporary_in: memory with launcher slurm/s,
  );
});

test('a path may begin with the home and hold the name of the user', () => {
  expect(profile('files: {hide: ["{home}/.ssh", "/data/{username}"]}')?.files.hide).toEqual([
    '{home}/.ssh',
    '/data/{username}',
  ]);
});

test.each(['/srv/{username}/work', '/srv/{username}x'])(
  'the home template %j is refused: uids are told by what lies beside',
  (home) => {
    const text = `hubs: [{name: hub, token_env: T}]\naccounts: {mode: dynamic, home: "${home}"}\n`;
    expect(() => parseConfig(text, 'test.yaml')).toThrow(/must end with \/\{username\}/);
  },
);
