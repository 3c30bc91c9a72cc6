// Installs node_modules from package-lock.json if it is missing or the lock file has changed.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal, run, step } from './say.mjs';

export async function ensureNpmPackages(root) {
  const stamp = join(root, 'node_modules', '.portwrap-lock-hash');
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  if (!isNewer(join(root, 'node_modules', '.package-lock.json'), join(root, 'package-lock.json'))) {
    if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new Refusal(
        'node_modules is a link, and older than package-lock.json: npm ci would empty its target.',
      );
    }
    await step('Installing npm packages (npm ci)', (onLine) =>
      // Includes development packages even if NODE_ENV is production: the build needs the compiler.
      run('npm', ['ci', '--no-audit', '--no-fund', '--include=dev', '--prefix', root], { onLine }),
    );
  }
  writeFileSync(stamp, hash);
}

/** npm writes the first file at the end of every installation. */
function isNewer(installed, lock) {
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
}
