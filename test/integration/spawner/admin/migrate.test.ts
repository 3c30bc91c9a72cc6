// `portwrap-spawner migrate` with a real Python and JupyterHub: what it reads, what it keeps apart, and how it fails.
// Not here: other spawners (test/ecosystem/migrate.test.ts), the rules (test/unit/spawner/commands/migrate/).
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../../../config/load.ts';
import { createToolbox } from '../../../../portwrap/index.ts';
import { readHubFile } from '../../../../spawner/commands/migrate/read/hub-file.ts';
import { hubPython } from '../../../support/hub/hub-process.ts';
import { checkConfig } from '../../../support/migration.ts';
import { runCommand } from '../../../support/service.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pws-migrate-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

let serial = 0;
function file(text: string): string {
  const path = join(directory, `config-${serial++}.py`);
  writeFileSync(path, text);
  return path;
}

const migrate = (...argv: string[]) =>
  runCommand({ config: '/nowhere' }, 'migrate', ...argv, '--hub-python', hubPython);

test("of KubeSpawner's choices without a default the first of the file is preselected, also where keys are numbers", async () => {
  const path = file(`
def choice(size):
    return {"kubespawner_override": {"mem_limit": size}}
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.profile_list = [
    {"display_name": "Lab", "profile_options": {"memory": {"choices": {"16": choice("16G"), "4": choice("4G")}}}},
]
`);
  const { code, stdout, stderr } = await migrate(path);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(parseConfig(stdout, 'printed').profiles[0]?.options).toMatchObject([
    { name: 'memory', default: '16' },
  ]);
});

test('what a hub sets is in the YAML, stays, or is told; it passes check-config, and no secret is printed', async () => {
  const secret = randomBytes(16).toString('hex');
  const path = file(`
import os, subprocess, sys
print("noise")
print("noise", file=sys.stderr)
c.JupyterHub.hub_port = 8082
c.JupyterHub.base_url = "/jupyter"
c.JupyterHub.services = [
    {"name": "idle", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600", "--max-age", "86400"]},
    {"name": "other", "api_token": "${secret}"},
]
c.JupyterHub.cookie_secret = bytes.fromhex("${secret}")
c.Authenticator.admin_users = {"ann"}
c.OAuthenticator.client_secret = "${secret}"
c.Spawner.mem_limit = 2 * 2**30
c.Spawner.environment.update({"ONE": "1", "API_TOKEN": "${secret}"})
c.Spawner.args.append("--ServerApp.token=${secret}")
c.Spawner.memlimit = "1G"
c.Spawner.pre_spawn_hook = lambda spawner: None
c.LocalProcessSpawner.default_url = "/lab"
c.LocalProcessSpawner.shell_cmd = ["bash", "-l", "-c"]
open(os.path.join("${directory}", "account"), "w").write(str(os.getuid()))
`);
  const { code, stdout, stderr } = await migrate(path);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).not.toContain(secret);
  expect(stdout).not.toContain('noise');
  expect(readFileSync(join(directory, 'account'), 'utf8')).toBe(String(process.getuid?.()));
  const config = parseConfig(stdout, 'printed');
  expect(config.hubs[0]?.api_url).toBe('http://127.0.0.1:8082/jupyter/hub/api');
  expect(config.profiles[0]).toMatchObject({
    environment: { ONE: '1' },
    login_shell: true,
    resources: { memory: '2G' },
    culling: { idle_timeout: 3600, max_age: 86400 },
  });
  for (const line of [
    'c.Spawner.memlimit: Spawner has no setting of this name: the hub ignores it',
    'c.Spawner.environment: keep API_TOKEN: code, or perhaps secret, and so not printed',
    'c.Spawner.args',
    'c.Spawner.pre_spawn_hook',
    'c.OAuthenticator.client_secret',
    'c.JupyterHub.cookie_secret',
    'c.Spawner.default_url = "/lab"',
  ])
    expect(stdout).toContain(`#   ${line}\n`);
  expect(stdout).not.toContain('config_file');
  expect(await checkConfig(stdout, directory)).toBe(0);
  expect(existsSync(join(directory, 'jupyterhub_cookie_secret'))).toBe(false);
});

test('--json has the same for programs', async () => {
  const { stdout } = await migrate(
    file('c.Spawner.cpu_limit = 2\nc.Spawner.default_url = "/lab"\n'),
    '--json',
  );
  expect(JSON.parse(stdout)).toMatchObject({
    config: expect.stringContaining('cpus: 2'),
    settings: expect.arrayContaining([
      { setting: 'c.Spawner.cpu_limit', result: 'config', remark: 'enforced now', line: null },
      { setting: 'c.Spawner.default_url', result: 'hub', remark: null, line: null },
    ]),
    hub_lines: expect.arrayContaining(['c.JupyterHub.spawner_class = "portwrap"']),
  });
});

test.each([
  ['raise ValueError("it is so")\n', 'ValueError: it is so'],
  ['raise ValueError("token=4711")\n', 'ValueError, whose text may have a secret'],
  ['c.Spawner.cmd = (\n', "SyntaxError: '(' was never closed"],
])('a file that fails is an error with the reason: %s', async (text, reason) => {
  const { code, stdout, stderr } = await migrate(file(text));
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
  expect(stderr).toContain(`the hub's configuration cannot be loaded: ${reason}`);
  expect(stderr).toContain('(MIGRATE_FAILED)');
});

test('a file that does not exist, and a Python without JupyterHub, are errors', async () => {
  expect((await migrate('/nowhere.py')).stderr).toContain('/nowhere.py does not exist');
  const { stderr, code } = await runCommand(
    { config: '/nowhere' },
    ...['migrate', file(''), '--hub-python', '/bin/false'],
  );
  expect({ code, stderr }).toMatchObject({ code: 78, stderr: expect.stringContaining('MIGRATE_FAILED') });
});

test('a spawner that this Python does not have is migrated by its name, and that is said', async () => {
  const { stdout } = await migrate(
    file('c.JupyterHub.spawner_class = "nowhere.SystemdSpawner"\nc.SystemdSpawner.mem_limit = "1G"\n'),
  );
  expect(stdout).toContain('# nowhere.SystemdSpawner cannot be imported by this Python');
  expect(parseConfig(stdout, 'printed').profiles[0]?.resources.memory).toBe('1G');
});

test('a file that does not end is ended at the deadline, with what it started', async () => {
  const mark = join(directory, 'sleeper');
  const path = file(`
import subprocess, time
child = subprocess.Popen(["sleep", "1000"])
open("${mark}", "w").write(str(child.pid))
time.sleep(1000)
`);
  const python = {
    ...{ program: hubPython, arguments: ['--config', path], directory, uid: null, gid: null },
    ...{ environment: { PATH: '/usr/bin:/bin' }, kind: 'other' as const },
  };
  const reading = readHubFile({ tools: createToolbox(), python, patience: 40_000 });
  await expect(reading).rejects.toMatchObject({
    code: 'MIGRATE_FAILED',
    message: "the hub's configuration cannot be loaded: it did not end within 40 s",
  });
  const pid = readFileSync(mark, 'utf8');
  await expect.poll(() => isRunning(pid)).toBe(false);
});

/** A process that was killed and is not yet reaped does not run. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('the config.yaml of TLJH is data, and runs nothing', async () => {
  const path = join(directory, 'config.yaml');
  writeFileSync(path, 'limits: {memory: 1G}\nauth: {type: x}\n');
  const { code, stdout } = await runCommand(
    { config: '/nowhere' },
    ...['migrate', path, '--hub-python', '/nowhere'],
  );
  expect(code).toBe(0);
  expect(parseConfig(stdout, 'printed').profiles[0]?.resources.memory).toBe('1G');
  expect(await checkConfig(stdout, directory)).toBe(0);
});
