// Who asks for a server: the user database is asked for groups only where the configuration has rules about them.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../config/load.ts';
import { createPersonOf } from '../../../../spawner/requests/person.ts';

test.each([
  ['{name: a}', []],
  ['{name: a, groups: [staff]}', []],
  ['{name: a, unix_groups: [gpu]}', ['gpu']],
  ['{name: a, options: [{name: o, variable: O, choices: [x, {name: y, unix_groups: [gpu]}]}]}', ['gpu']],
])('with the profile %s the groups of the account are %j', async (profile, unixGroups) => {
  const { profiles } = parseConfig(`hubs: [{name: hub, token_env: T}]\nprofiles: [${profile}]`, 'f');
  const asked: string[] = [];
  const personOf = createPersonOf(
    () => profiles,
    async (user) => {
      asked.push(user);
      return ['gpu'];
    },
  );
  expect(await personOf('ann', ['staff'])).toEqual({ user: 'ann', groups: ['staff'], unixGroups });
  expect(asked).toEqual(unixGroups.map(() => 'ann'));
});
