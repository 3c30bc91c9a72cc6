// A JupyterLab to be loaded by a browser, from an environment that has one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './subjects.ts';

export interface JupyterLab {
  readonly port: number;
  /** Path of its first page. */
  readonly path: string;
  stop(): Promise<void>;
}

/** `bin` is the directory of `jupyter`. Resolves when it responds. */
export async function startJupyterLab(bin: string): Promise<JupyterLab> {
  const home = mkdtempSync(join(tmpdir(), 'portwrap-bench-lab-'));
  const port = await freePort();
  const child = spawn(
    join(bin, 'jupyter'),
    [
      ...['lab', '--allow-root', '--no-browser', '--ip', '127.0.0.1', '--port', `${port}`],
      ...['--ServerApp.base_url=/user/x/', '--IdentityProvider.token=', '--ServerApp.password='],
    ],
    { cwd: home, env: { ...process.env, HOME: home }, stdio: 'ignore' },
  );
  const path = '/user/x/lab';
  await responds(`http://127.0.0.1:${port}${path}`, child);
  return {
    port,
    path,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function responds(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return;
  }
  throw new Error(`jupyter lab ended with ${child.exitCode}`);
}
