// Checks for leftovers of a test run on the machine: accounts, homes, temporary files, processes, files of the checkout.
// Concurrent runs have another id in their names and are ignored.
// Not here: finding processes (adopt.py).
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The state of the machine now. */
export function takeStock({ root, run }) {
  const ofOthers = new RegExp(`^pwtest-\\w+-(?!${run.id})`);
  const names = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '').split('\n').map(nameIn);
  const own = (path) => entries(path).filter((name) => name.startsWith(`pw-${run.id}`));
  return {
    account: [...names('/etc/passwd')].filter((name) => !ofOthers.test(name)),
    group: [...names('/etc/group')].filter((name) => !ofOthers.test(name)),
    home: entries('/home').filter((name) => !ofOthers.test(name)),
    'temporary file': [
      ...entries(run.directory).map((name) => join(run.directory, name)),
      ...['/tmp', '/var/tmp', '/srv'].flatMap((path) => own(path).map((name) => join(path, name))),
    ],
    'file in the checkout': filesBelow(root),
  };
}

/** One failure for each kind that differs. Processes are the report lines of adopt.py. */
export function compare(before, after, processReports) {
  const differences = Object.keys(before).flatMap((kind) => {
    const [old, now] = [new Set(before[kind]), new Set(after[kind])];
    return [
      ...[...now].filter((one) => !old.has(one)).map((one) => ({ name: `left behind: ${kind} ${one}` })),
      ...[...old].filter((one) => !now.has(one)).map((one) => ({ name: `gone: ${kind} ${one}` })),
    ];
  });
  const processes = processReports
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').filter(Boolean))
    .map((line) => ({ name: `left behind: process ${line}` }));
  return [...differences, ...processes].map((one) => ({ ...one, message: '' }));
}

const nameIn = (line) => line.split(':')[0];
const entries = (path) => (existsSync(path) ? readdirSync(path) : []);

/** Path with size and time of each file, so that a changed file differs. */
function filesBelow(directory, below = '') {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (notOfTheCheckout.has(path)) return [];
    if (entry.isDirectory()) return [`${path}/`, ...filesBelow(directory, path)];
    const { size, mtime } = statSync(join(directory, path), { throwIfNoEntry: false }) ?? {};
    return [`${path} (${size} bytes of ${mtime?.toISOString()})`];
  });
}

/** Made by npm test itself before the tests; and the screenshots, which people view afterwards. */
const notOfTheCheckout = new Set(['.git', 'node_modules', 'dist', 'dist-bench', 'test-results']);
