// The configuration of the hub that setup makes. Not here: JupyterHub with it (test/install/without-hub.test.ts).
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { hubConfig } from '../../../../../spawner/commands/setup/plan/unit-files.ts';

test('names only groups of administrators that exist: JupyterHub lets nobody sign in otherwise', () => {
  const program = `
import grp, json
from unittest.mock import MagicMock
c = MagicMock()
get_config = lambda: c
grp.getgrall = lambda: [MagicMock(gr_name=name) for name in ("root", "sudo")]
${hubConfig}
print(json.dumps(sorted(c.PAMAuthenticator.admin_groups)))`;
  const printed = execFileSync('/usr/bin/python3', ['-c', program], { encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual(['sudo']);
});
