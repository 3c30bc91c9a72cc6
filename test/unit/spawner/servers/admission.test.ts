// Limits: the one that is reached refuses, and what has ended does not count.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../config/load.ts';
import type { ServerRecord } from '../../../../spawner/records/record.ts';
import { checkLimits, countFree } from '../../../../spawner/servers/admission.ts';

const { limits, profiles } = parseConfig(
  `
hubs: [{name: hub, token_env: T}]
limits: {servers: 4, servers_per_user: 2}
profiles: [{name: small, max_servers: 3}, {name: other}]
`,
  'f',
);
const [small, other] = profiles;
const ann = { hub: 'hub', user: 'ann', name: 'next' };
const check = (profile: typeof small, key: typeof ann, records: Partial<ServerRecord>[]) => () => {
  if (profile === undefined) throw new Error('no profile');
  const complete = records.map((record) => ({
    hub: 'hub',
    user: 'bea',
    profile: 'other',
    state: 'ready',
    ...record,
  }));
  checkLimits(limits, profile, key, complete as ServerRecord[]);
};

test('a user may have as many as the limit, and not one more', () => {
  expect(check(other, ann, [{ user: 'ann' }])).not.toThrow();
  expect(check(other, ann, [{ user: 'ann' }, { user: 'ann' }])).toThrow('ann has 2 servers already');
});

test('the same name at another hub is another user', () => {
  expect(
    check(other, ann, [
      { user: 'ann', hub: 'b' },
      { user: 'ann', hub: 'b' },
    ]),
  ).not.toThrow();
});

test('a profile that is full refuses, and another one does not', () => {
  const full = [1, 2, 3].map((n) => ({ user: `u${n}`, profile: 'small' }));
  expect(check(small, ann, full)).toThrow('3 servers of the profile "small" run already');
  expect(check(other, ann, full)).not.toThrow();
});

test('the limit of all counts every hub, user and profile', () => {
  const four = [1, 2, 3, 4].map((n) => ({ user: `u${n}`, hub: `h${n}` }));
  expect(check(other, ann, four)).toThrow('4 servers run already');
});

test('servers that are starting or stopping count; those that have ended do not', () => {
  expect(
    check(other, ann, [
      { user: 'ann', state: 'starting' },
      { user: 'ann', state: 'stopping' },
    ]),
  ).toThrow('ann has 2');
  expect(
    check(other, ann, [
      { user: 'ann', state: 'exited' },
      { user: 'ann', state: 'exited' },
    ]),
  ).not.toThrow();
});

test('what is free is counted of servers that are alive, and nothing is counted without a limit', () => {
  const devices = [
    { nodes: ['/dev/a'], id: null },
    { nodes: ['/dev/b'], id: null },
  ];
  const record = (fields: Partial<ServerRecord>) =>
    ({ profile: 'small', state: 'ready', gpus: [], ...fields }) as ServerRecord;
  const free = countFree(devices, [
    record({ gpus: ['/dev/b'] }),
    record({ state: 'exited', gpus: ['/dev/a'] }),
    record({ profile: 'other', state: 'starting' }),
  ]);
  expect(free.gpus(0)).toEqual([]);
  expect(free.gpus(2)).toEqual([{ what: 'gpus', free: 1, total: 2, needed: 2 }]);
  expect(free.servers({ name: 'other', max_servers: null })).toEqual([]);
  expect(free.servers({ name: 'small', max_servers: 3 })).toEqual([
    { what: 'servers', free: 2, total: 3, needed: 1 },
  ]);
});
