// The doctor tries preload for real, and says why it is not used.
import { expect, test } from 'vitest';
import { profilesSchema } from '../../../../config/schema/profiles.ts';
import { collectPreloadChecks } from '../../../../spawner/commands/doctor/preload.ts';

test('the doctor says of each profile with preload whether it works, and why not', {
  timeout: 60_000,
}, async () => {
  const checks = await collectPreloadChecks({
    profiles: profilesSchema.parse([
      { name: 'works', command: ['jupyterhub-singleuser'], path: ['/usr/bin'], preload: ['json'] },
      { name: 'shell', command: ['/bin/sh'], preload: 'jupyter' },
      {
        name: 'missing',
        command: ['jupyterhub-singleuser'],
        path: ['/usr/bin'],
        preload: ['no_such_module'],
      },
      { name: 'without', command: ['/bin/sh'] },
    ]),
  });
  expect(checks.map(({ name, status, what }) => [name, status, what])).toEqual([
    [
      'preload of profile "works"',
      'ok',
      expect.stringMatching(
        /^\/usr\/bin\/python3 has imported \d+ modules in \d+\.\d s \(twice, and examined them\); a forked server finds them imported$/,
      ),
    ],
    ['preload of profile "shell"', 'warning', '/bin/sh is not a script'],
    ['preload of profile "missing"', 'warning', expect.stringContaining('no_such_module cannot be imported')],
  ]);
});
