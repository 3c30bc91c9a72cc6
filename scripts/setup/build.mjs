// Builds dist/ if a source is newer than the last build.
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from '../bundle.mjs';
import { buildNative, isNativeCurrent } from '../native.mjs';
import { run, say, step } from './say.mjs';

const folders = ['config', 'portwrap', 'spawner', 'proxy'];
const programs = ['dist/spawner/main.js', 'dist/proxy/main.js', 'dist/portwrap/main.js'];
const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

export async function ensureBuild(root) {
  await ensureTypeScript(root);
  if (isNativeCurrent(root)) return;
  await step('Building portwrap-forward (cc)', async () => say(buildNative(root).message));
}

async function ensureTypeScript(root) {
  const stamp = join(root, 'dist', '.tsbuildinfo');
  const newest = Math.max(
    ...settings.map((name) => statSync(join(root, name)).mtimeMs),
    ...folders.map((name) => newestIn(join(root, name))),
  );
  const whole = existsSync(stamp) && programs.every((path) => existsSync(join(root, path)));
  if (whole && statSync(stamp).mtimeMs >= newest) return;
  // An incremental build would not restore deleted files.
  if (!whole) rmSync(stamp, { force: true });
  await step('Building (tsc)', (onLine) =>
    run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
      {
        onLine,
      },
    ),
  );
  await step('Bundling portwrap', async () => say((await bundleCommand(root)).message));
  const now = new Date();
  utimesSync(stamp, now, now);
}

/** Directories count too: removing a file changes only the time of its directory. */
function newestIn(folder) {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newestIn(path) : statSync(path).mtimeMs;
  });
  return Math.max(statSync(folder).mtimeMs, ...times);
}
