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
  - {name: all}
`,
  'f',
);

test.each([
  ['alice', [], ['alice', 'all']],
  ['bob', [], ['either', 'all']],
  ['bob', ['admins', 'x'], ['staff', 'either', 'all']],
  ['eve', ['staff'], ['staff', 'either', 'all']],
  ['eve', ['alice', 'nobody'], ['all']],
  ['staff', [], ['all']],
])('%s in the groups %j is offered %j, and the first of them by default', (user, groups, names) => {
  expect(offeredProfiles(profiles, { user, groups }).map(({ name }) => name)).toEqual(names);
  expect(offeredProfile(profiles, { user, groups }, undefined).name).toBe(names[0]);
});

test('a profile that is not offered cannot be told from one that is not there', () => {
  const refusal = (name: string) => {
    try {
      return offeredProfile(profiles, { user: 'eve', groups: [] }, name).name;
    } catch (error) {
      return String(error).replaceAll(name, 'NAME');
    }
  };
  expect(refusal('staff')).toContain('there is no profile "NAME" for eve');
  expect(refusal('none')).toBe(refusal('staff'));
});

test('who is offered nothing is told so', () => {
  const none = profiles.filter(({ name }) => name === 'nobody');
  expect(() => offeredProfile(none, { user: 'eve', groups: [] }, undefined)).toThrow(
    'there is no profile for eve',
  );
});
