// The process of a JupyterHub under test: the plugin found as if it were installed, and started.
// PORTWRAP_TEST_PYTHON is the Python with the JupyterHub (scripts/worlds/python-environment.mjs makes some), if not
// Debian's. Not here: its configuration (test-hub.ts).
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';

const root = new URL('../../..', import.meta.url).pathname;
export const hubPython = process.env.PORTWRAP_TEST_PYTHON || '/usr/bin/python3';
/** The first number of its version. */
export const hubMajor = majorOf('jupyterhub');
/**
 * Lines of jupyterhub_config.py with which servers have the pages of the notebook, such as /tree: before version 7 it is
 * an application of its own, and from then on an extension of every server.
 */
export const withNotebook =
  majorOf('notebook') < 7
    ? 'c.Spawner.environment["JUPYTERHUB_SINGLEUSER_APP"] = "notebook.notebookapp.NotebookApp"\n'
    : '';
/** Where servers in sandboxes find programs: first those of the hub's Python. */
export const serverPath = [...new Set([dirname(hubPython), '/usr/local/bin', '/usr/bin', '/bin'])].join(':');

/** The first number of the version of a module, 0 if there is none. */
function majorOf(module: string): number {
  const version = `import importlib.metadata as m; print(m.version("${module}").split(".")[0])`;
  const { status, stdout } = spawnSync(hubPython, ['-W', 'ignore', '-c', version], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : 0;
}

/** Package metadata through which JupyterHub finds the plugin without an installation. */
export function writePluginMetadata(directory: string): void {
  const metadata = join(directory, 'portwrap_spawner-0.dist-info');
  mkdirSync(metadata);
  writeFileSync(join(metadata, 'METADATA'), 'Metadata-Version: 2.1\nName: portwrap-spawner\nVersion: 0\n');
  const project = readFileSync(join(root, 'hub', 'pyproject.toml'), 'utf8');
  const groups = [...project.matchAll(/^\[project\.entry-points\."(.+)"\]\n(.+)$/gm)];
  const sections = groups.map(([, group, line = '']) => `[${group}]\n${line.replaceAll('"', '')}\n`);
  writeFileSync(join(metadata, 'entry_points.txt'), sections.join('\n'));
}

/** Resolves when it responds. Rejects with its log when it ends before, or does not respond in time. */
export async function startProcess(
  directory: string,
  health: string,
  logged: string[],
  python: string,
): Promise<ChildProcess> {
  const child = spawn(python, ['-m', 'jupyterhub', '--config', 'jupyterhub_config.py'], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PYTHONPATH: `${join(root, 'hub')}:${directory}`,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.on('data', (chunk: Buffer) => logged.push(`${chunk}`));
  await vi
    .waitUntil(
      async () => {
        if (child.exitCode !== null) throw new Error(`JupyterHub ended: ${logged.join('').slice(-4000)}`);
        // another program may have had the port, and its connection may hang
        return fetch(health, { signal: AbortSignal.timeout(10_000) }).then(
          ({ ok }) => ok,
          () => false,
        );
      },
      // for internal_ssl it makes eight keys first; the deadlines of hooks are longer
      { timeout: 220_000, interval: 100 },
    )
    .catch(async (cause: unknown) => {
      if (child.exitCode !== null) throw cause;
      child.kill('SIGKILL');
      await once(child, 'exit'); // then it starts no proxy any more
      throw new Error(`JupyterHub does not respond at ${health}: ${logged.join('').slice(-4000)}`, { cause });
    });
  return child;
}

/** As an administrator does who has installed another JupyterHub. */
export async function upgradeDatabase(directory: string, python: string): Promise<void> {
  const argv = ['-W', 'ignore', '-m', 'jupyterhub', 'upgrade-db', '--config', 'jupyterhub_config.py'];
  // it runs alembic by its name
  const PATH = `${dirname(python)}:${process.env.PATH}`;
  const env = { PATH, PYTHONPATH: `${join(root, 'hub')}:${directory}` };
  await promisify(execFile)(python, argv, { cwd: directory, env });
}
