// Which Python migrate runs, and as whom, with a systemctl that is a script. Not here: running it
// (test/integration/spawner/admin/migrate.test.ts).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PortwrapError } from '../../../../../config/errors.ts';
import { findPython } from '../../../../../spawner/commands/migrate/read/find-python.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pws-python-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function script(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

const noSystemd = () => {
  throw new PortwrapError('TOOL_MISSING', 'the program "systemctl" is not installed');
};
const hub = (name: string) =>
  `Id=${name}\nMainPID=0\nLoadState=loaded\nUser=\nWorkingDirectory=/srv\nEnvironment=A=1\nExecStart={ path=/opt/hub/bin/python3 ; argv[]=/opt/hub/bin/python3 -m jupyterhub -f /etc/hub.py ; }\n`;
const systemd = (output: string) => () => script('systemctl', `#!/bin/sh\ncat <<'END'\n${output}END\n`);
const request = { named: undefined, file: undefined, environment: { PATH: '/usr/bin:/bin', B: '2' } };

test('without a file it is the hub that systemd runs, with its account and environment', async () => {
  expect(await findPython({ ...request, tools: systemd(hub('jupyterhub.service')) })).toEqual({
    ...{
      program: '/opt/hub/bin/python3',
      arguments: ['-f', '/etc/hub.py'],
      directory: '/srv',
      kind: 'other',
    },
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin', A: '1' },
    ...{ uid: 0, gid: 0 },
  });
});

test('a file that is named is loaded by the Python of that hub, as the account that calls', async () => {
  const tools = systemd(hub('jupyterhub.service'));
  expect(await findPython({ ...request, tools, file: '/etc/other.py' })).toMatchObject({
    ...{ program: '/opt/hub/bin/python3', arguments: ['--config', '/etc/other.py'] },
    ...{ uid: null, gid: null },
  });
});

test('of several hubs a file needs none in particular, and without one they are named', async () => {
  const tools = systemd(`${hub('a.service')}\n${hub('b.service')}`);
  await expect(findPython({ ...request, tools })).rejects.toMatchObject({ code: 'SETUP_REFUSED' });
  expect(await findPython({ ...request, tools, file: '/x.py' })).toMatchObject({ uid: null });
});

test('without systemd a file is loaded by the Python of the command jupyterhub, with the environment of the caller', async () => {
  script('jupyterhub', '#!/opt/conda/bin/python3.11\n');
  const environment = { PATH: `${directory}:/usr/bin`, B: '2' };
  expect(await findPython({ ...request, tools: noSystemd, file: '/x.py', environment })).toMatchObject({
    ...{ program: '/opt/conda/bin/python3.11', environment, uid: null, directory: process.cwd() },
  });
});

test('the Python that is named counts before all others', async () => {
  const found = await findPython({ ...request, tools: noSystemd, file: '/x.py', named: '/opt/p' });
  expect(found.program).toBe('/opt/p');
});

test('without a file and without a hub there is nothing to read', async () => {
  const finding = findPython({ ...request, tools: noSystemd });
  await expect(finding).rejects.toMatchObject({ code: 'MIGRATE_FAILED' });
});
