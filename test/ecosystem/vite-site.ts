// A site with a Vite dev server, as a user has it in their home directory: Vite from the npm registry, with the
// versions and hashes of test/fixtures/vite, and the configuration that docs/port-links.md shows.
// Not here: starting it (user-server.ts).
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;

export interface InstalledVite {
  /** Why npm could not be asked for it; empty: it is installed. */
  readonly refusal: string;
  /** Makes the directory "site" in that home, for its owner. */
  placeIn(home: string, files: Readonly<Record<string, string>>): void;
  dispose(): void;
}

export function installVite(): InstalledVite {
  const directory = mkdtempSync(join(tmpdir(), 'vite-'));
  chmodSync(directory, 0o755);
  cpSync(join(root, 'test/fixtures/vite'), directory, { recursive: true });
  const dispose = () => rmSync(directory, { recursive: true, force: true });
  const quick = ['--fetch-retries=1', '--fetch-timeout=60000'];
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...quick];
  const { status, stderr } = spawnSync('npm', argv, { cwd: directory, encoding: 'utf8' });
  const [, code] = /^npm error code (\S+)/m.exec(stderr ?? '') ?? [];
  if (status !== 0 && !(code !== undefined && unreachable.test(code))) {
    dispose();
    throw new Error(`npm cannot install Vite: ${stderr}`);
  }
  return {
    refusal: status === 0 ? '' : `the npm registry cannot be reached (${code})`,
    placeIn(home, files) {
      const site = join(home, 'site');
      cpSync(directory, site, { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(site, name), text);
      const { uid, gid } = statSync(home);
      const { status: changed, stderr: why } = spawnSync('chown', ['-R', `${uid}:${gid}`, site]);
      if (changed !== 0) throw new Error(`${why}`);
    },
    dispose,
  };
}

/** Codes of npm without a network. What else keeps it from installing, such as another hash, is a failure. */
const unreachable = /^(?:E(?:AI_AGAIN|CONN\w+|HOSTUNREACH|NETUNREACH|NOTFOUND|TIMEDOUT)|ERR_SOCKET_TIMEOUT)$/;

/** The one that the document shows. */
export function documentedConfig(): string {
  const text = readFileSync(join(root, 'docs/port-links.md'), 'utf8');
  const [, config] = /```js\n\/\/ vite\.config\.js\n([\s\S]*?)```/.exec(text) ?? [];
  if (config === undefined) throw new Error('docs/port-links.md shows no vite.config.js');
  return config;
}
