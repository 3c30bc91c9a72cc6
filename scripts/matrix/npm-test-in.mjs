// npm test on a new Debian: node npm-test-in.mjs ROOT REPORT. In a copy of the directory ROOT, with a copy of this
// checkout as it is; REPORT is what `npm test -- --report` writes. The copy is removed.
// Not here: making ROOT (debian-root.mjs), what is mounted in it (enter-root.sh).
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../setup/look.mjs';
import { main, Refusal, run, step } from '../setup/say.mjs';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const enter = fileURLToPath(new URL('enter-root.sh', import.meta.url));
// not below /srv, /root or /home: tests mount something there, or hide them
const source = 'opt/portwrap-spawner';

await main(async () => {
  const [base, report] = process.argv.slice(2);
  if (report === undefined) throw new Refusal('usage: node npm-test-in.mjs ROOT REPORT');
  const root = mkdtempSync(`${resolve(base)}.run-`);
  try {
    await step('Copying the root and the checkout', () => copy(base, root));
    const code = await ended(...npmTest(root));
    const written = join(root, 'opt/report.json');
    if (existsSync(written)) copyFileSync(written, report);
    return code;
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** With everything that git would commit, so that it can be tried before it is committed. */
async function copy(base, root) {
  await run('cp', ['-a', '--reflink=auto', `${base}/.`, root]);
  chmodSync(root, 0o755);
  const place = join(root, source);
  mkdirSync(place, { recursive: true });
  const list = 'git ls-files -z --cached --others --exclude-standard --deduplicate';
  const existing = 'while IFS= read -r -d "" path; do [ -e "$path" ] && printf "%s\\0" "$path"; done';
  const pack = `cd "$1" && ${list} | { ${existing}; true; } | tar --null -T - -c --owner=0 --group=0`;
  await run('bash', ['-c', `set -o pipefail; { ${pack}; } | tar -C "$2" -x`, 'bash', checkout, place]);
}

/** Program, arguments, environment. */
function npmTest(root) {
  const command = `cd /${source} && exec npm test -- --report /opt/report.json`;
  const npm = process.env.npm_execpath ?? realpathSync(findCommand('npm') ?? '');
  const node = { NODE_BINARY: process.execPath, NPM_DIRECTORY: dirname(dirname(npm)) };
  return ['sh', [enter, root, 'sh', '-c', command], { ...process.env, ...node }];
}

function ended(program, argv, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGKILL'));
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
