// The checks of npm test, in order: each is a command, and the tests among them leave a report to count from.
// Not here: what the outcomes add up to (summary.mjs).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { say } from '../setup/say.mjs';
import { countPytest, countVitest } from './reports.mjs';

// A few tests that fail while others load the machine are run again by themselves; they are named at the end
// all the same. More than a few is no coincidence.
const mostFilesAgain = 4;

/** Runs all of them; returns {name, ok, seconds, counts?} of each. */
export async function runChecks({ root, python, reports }) {
  const outcomes = [];
  for (const check of checks({ root, python, reports })) {
    say(`\n> ${check.name}`);
    const began = Date.now();
    let ok = (await exitCode(check.command, root)) === 0;
    const { failedFiles: files = [] } = check.count?.() ?? {};
    if (!ok && files.length > 0 && files.length <= mostFilesAgain) {
      say(`\n> once more, and alone: ${files.join(' ')}`);
      ok = (await exitCode(check.again(files), root)) === 0;
    }
    const counts = check.count?.();
    outcomes.push({ name: check.name, ok, seconds: (Date.now() - began) / 1000, counts });
  }
  return outcomes;
}

function checks({ root, python, reports }) {
  const npmProgram = (path, ...args) => [process.execPath, join(root, 'node_modules', path), ...args];
  const vitestReport = join(reports, 'vitest.json');
  const againReport = join(reports, 'vitest-again.json');
  const vitest = (report, ...args) =>
    npmProgram(
      'vitest/vitest.mjs',
      ...['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
    );
  const hubReport = join(reports, 'jupyterhub.xml');
  const pytestReport = join(reports, 'pytest.xml');
  return [
    {
      name: 'generated files are current',
      command: [process.execPath, join(root, 'dist/config/generate.js'), '--check'],
    },
    {
      name: 'lint and layering (biome)',
      command: npmProgram('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
    },
    {
      name: 'types (tsc)',
      command: npmProgram('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'),
    },
    {
      name: 'tests of the service, the proxy and the scripts (vitest)',
      command: vitest(vitestReport),
      again: (files) => vitest(againReport, '--maxWorkers=1', ...files),
      count: () => countVitest(vitestReport, againReport),
    },
    {
      name: 'tests of the JupyterHub plugin (pytest)',
      command: [python, '-m', 'pytest', '-q', 'test/hub', `--junit-xml=${pytestReport}`],
      count: () => countPytest(pytestReport),
    },
    {
      name: "JupyterHub's own tests of spawning and its proxy, with ours",
      command: [python, 'test/hub/jupyterhub_suite/run.py', `--junit-xml=${hubReport}`],
      count: () => countPytest(hubReport),
    },
  ];
}

function exitCode([program, ...args], root) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: 'inherit',
    });
    child.once('error', (error) => {
      say(error.message);
      resolve(null);
    });
    child.once('exit', resolve);
  });
}
