// The checks of npm test, in order: each is a command, and the tests among them leave a report to count from.
// Not here: the summary (summary.mjs).
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../setup/say.mjs';
import { worlds } from '../worlds/worlds.mjs';
import { countPytest } from './junit-report.mjs';
import { compare, takeStock } from './left-behind.mjs';
import { countVitest } from './vitest-report.mjs';

// If only a few tests fail, they run again alone, because load can cause failures. The summary names them; with
// --strict they fail the run (summary.mjs). Above this number nothing is run again.
const mostFilesAgain = 4;

/** Runs all checks, then checks for leftovers; returns {name, ok, seconds, counts?} of each. */
export async function runChecks({ root, python, run }) {
  const reports = join(run.directory, 'reports');
  mkdirSync(reports);
  const before = takeStock({ root, run });
  const processes = [];
  const exitOf = (command) => {
    processes.push(join(reports, `processes-${processes.length}`));
    const adopt = [python, join(root, 'scripts/checks/adopt.py'), processes.at(-1)];
    return exitCode([...adopt, ...command], root);
  };
  const outcomes = [];
  for (const check of checks({ root, python, reports })) {
    say(`\n> ${check.name}`);
    const began = Date.now();
    let ok = (await exitOf(check.command)) === 0;
    const { failedFiles: files = [] } = check.count?.() ?? {};
    if (!ok && files.length > 0 && files.length <= mostFilesAgain) {
      say(`\n> once more, and alone: ${files.join(' ')}`);
      ok = (await exitOf(check.again(files))) === 0;
    }
    const counts = check.count?.();
    outcomes.push({ name: check.name, ok, seconds: (Date.now() - began) / 1000, counts });
  }
  const began = Date.now();
  const failures = compare(before, takeStock({ root, run }), processes);
  const counts = { passed: 0, failed: failures.length, skipped: 0, failures };
  const name = 'nothing is left behind (accounts, files, processes)';
  return [...outcomes, { name, ok: failures.length === 0, seconds: (Date.now() - began) / 1000, counts }];
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
  const basetemp = `--basetemp=${join(reports, 'pytest')}`; // pytest would keep its default directory
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
      name: 'lint and format of Python (ruff)',
      command: [process.execPath, join(root, 'scripts/checks/ruff.mjs')],
    },
    {
      name: 'types of the JupyterHub plugin (mypy)',
      command: [
        ...['mypy', '--config-file', 'hub/pyproject.toml', '--python-executable', python],
        ...['--cache-dir', join(reports, 'mypy')],
      ],
    },
    { name: 'shell scripts (shellcheck)', command: ['shellcheck', ...shellScripts(root)] },
    {
      name: 'tests of the service, the proxy and the scripts (vitest)',
      command: vitest(vitestReport),
      again: (files) => vitest(againReport, '--maxWorkers=1', ...files),
      count: () => countVitest(vitestReport, againReport),
    },
    ...worlds.map((world) => worldCheck({ root, reports, world })),
    {
      name: 'tests of the JupyterHub plugin (pytest)',
      command: [python, '-m', 'pytest', '-q', 'test/hub', basetemp, `--junit-xml=${pytestReport}`],
      count: () => countPytest(pytestReport),
    },
    {
      name: "JupyterHub's own tests of spawning and its proxy, with ours",
      command: [python, 'test/hub/jupyterhub_suite/run.py', basetemp, `--junit-xml=${hubReport}`],
      count: () => countPytest(hubReport),
    },
  ];
}

function shellScripts(root) {
  const names = readdirSync(join(root, 'scripts'), { recursive: true, encoding: 'utf8' });
  return ['.ci/run', ...names.filter((name) => name.endsWith('.sh')).map((name) => join('scripts', name))];
}

/** The launch tests in another world; only root can create one. */
function worldCheck({ root, reports, world: { name, title } }) {
  const line = `launch tests with ${title}`;
  if (process.getuid() !== 0) {
    const skips = [{ name: line, reason: 'only root can make worlds: run npm test as root' }];
    return { name: line, command: ['true'], count: () => ({ passed: 0, failed: 0, skipped: 1, skips }) };
  }
  const [first, again] = ['', '-again'].map((suffix) => join(reports, `world-${name}${suffix}.json`));
  const run = (report, ...files) => [
    ...[process.execPath, join(root, 'scripts/worlds.mjs'), '--report', report, name],
    ...(files.length > 0 ? ['--', ...files] : []),
  ];
  return {
    name: line,
    command: run(first),
    again: (files) => run(again, ...files),
    count: () => countVitest(first, again),
  };
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
