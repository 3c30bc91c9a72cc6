// To whom a profile is offered, for the list and for a start alike.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../config/load.ts';
import { offeredProfile, offeredProfiles } from '../../../../spawner/requests/offered-profiles.ts';

const { profiles } = parseConfig(
  `
hubs: [{name: hub, token_env: T}]
profiles:
  - {name: staff, groups: [staff, admins]}
  - {name: alice, users: [alice]}
  - {name: either, users: [bob], groups: [staff]}
  - {name: nobody, users: []}
  - {name: of-unix, unix_groups: [gpu], users: [zoe]}
  - {name: all}
`,
  'f',
);

const unixGroups: string[] = [];

test.each([
  ['alice', [], ['alice', 'all']],
  ['bob', [], ['either', 'all']],
  ['bob', ['admins', 'x'], ['staff', 'either', 'all']],
  ['eve', ['staff'], ['staff', 'either', 'all']],
  ['eve', ['alice', 'nobody'], ['all']],
  ['staff', [], ['all']],
])('%s in the groups %j is offered %j, and the first of them by default', (user, groups, names) => {
  expect(offeredProfiles(profiles, { user, groups, unixGroups }).map(({ name }) => name)).toEqual(names);
  expect(offeredProfile(profiles, { user, groups, unixGroups }, undefined).name).toBe(names[0]);
});

test('a profile that is not offered cannot be told from one that is not there', () => {
  const refusal = (name: string) => {
    try {
      return offeredProfile(profiles, { user: 'eve', groups: [], unixGroups }, name).name;
    } catch (error) {
      return String(error).replaceAll(name, 'NAME');
    }
  };
  expect(refusal('staff')).toContain('there is no profile "NAME" for eve');
  expect(refusal('none')).toBe(refusal('staff'));
});

test('who is offered nothing is told so', () => {
  const none = profiles.filter(({ name }) => name === 'nobody');
  expect(() => offeredProfile(none, { user: 'eve', groups: [], unixGroups }, undefined)).toThrow(
    'there is no profile for eve',
  );
});

test.each([
  ['zoe', [], [], ['of-unix', 'all']],
  ['eve', [], ['gpu'], ['of-unix', 'all']],
  // a group of the hub is none of the machine, nor the other way round
  ['eve', ['gpu'], ['staff'], ['all']],
])(
  '%s in the groups %j of the hub and %j of the machine is offered %j',
  (user, groups, unixGroups, names) => {
    expect(offeredProfiles(profiles, { user, groups, unixGroups }).map(({ name }) => name)).toEqual(names);
  },
);

test('a misspelled name is answered with the offered profile that was meant, and with no other', () => {
  const refusal = (name: string) => () =>
    offeredProfile(profiles, { user: 'alice', groups: [], unixGroups }, name);
  expect(refusal('alise')).toThrow('there is no profile "alise" for alice; did you mean "alice"?');
  expect(refusal('staf')).toThrow(/there is no profile "staf" for alice$/);
});
