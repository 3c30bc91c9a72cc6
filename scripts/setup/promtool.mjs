// promtool(1), with which tests check monitoring/: that of this machine, or the one program out of Debian's package
// prometheus, in the cache directory. Installing the package would start a server that listens everywhere.
// Not here: the checks (test/integration/scripts/monitoring.test.ts).
import { chmodSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachePath, makeCache } from './cache.mjs';
import { findCommand, isExecutable } from './look.mjs';
import { Refusal, run, say, step } from './say.mjs';

/** Its path, or undefined. */
export function findPromtool(env) {
  return findCommand('promtool') ?? [join(cachePath(env), 'promtool')].find(isExecutable);
}

/** Gets it if it is missing. Where that cannot be done, the tests that need it are skipped. */
export async function ensurePromtool(env) {
  if (findPromtool(env) !== undefined || findCommand('apt-get') === undefined) return;
  const cache = cachePath(env);
  makeCache(cache);
  const made = mkdtempSync(join(cache, 'promtool.'));
  try {
    await step(`Getting promtool out of Debian's package prometheus, once, in ${cache}`, (onLine) =>
      run('sh', ['-ec', extract, 'sh', made], { onLine }),
    );
    chmodSync(join(made, 'promtool'), 0o755);
    renameSync(join(made, 'promtool'), join(cache, 'promtool'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const why = error.message
      .split('\n')
      .at(-1)
      .replace(/^[ |]+/, '');
    say(`There is no promtool, and the tests that need it are skipped: ${why}`);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** Nobody wants to wait as long as apt-get does where there is no network. */
const extract = `
cd "$1"
apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=0 -o Acquire::http::Timeout=10 download prometheus
dpkg-deb --fsys-tarfile prometheus_*.deb >all.tar
tar -x --no-same-owner --strip-components=3 -f all.tar ./usr/bin/promtool
`;
