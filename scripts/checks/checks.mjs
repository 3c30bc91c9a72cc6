// The checks of npm test, in order: each is a command, and the tests among them leave a report to count from.
// Not here: running them (run-checks.mjs), the summary (summary.mjs).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { worlds } from '../worlds/worlds.mjs';
import { hubsOwnTests, pluginTests, realHubTests } from './hub-checks.mjs';
import { skippedCheck } from './run-checks.mjs';
import { vitest } from './vitest-check.mjs';
import { countVitest } from './vitest-report.mjs';

/** `later`: {title, python} of a JupyterHub from PyPI, or {title, why} where there is none. */
export function checksOfNpmTest({ root, python, reports, later }) {
  const npmProgram = (path, ...args) => [process.execPath, join(root, 'node_modules', path), ...args];
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
      ...vitest({ root, reports, name: 'vitest' }),
      name: 'tests of the service, the proxy and the scripts (vitest)',
      minutes: 90,
    },
    ...worlds.map((world) => worldCheck({ root, reports, world })),
    pluginTests({ python, title: '', reports }),
    hubsOwnTests({ python, title: '', reports }),
    ...checksWithLaterHub({ root, reports, later }),
  ];
}

function shellScripts(root) {
  const names = readdirSync(join(root, 'scripts'), { recursive: true, encoding: 'utf8' });
  const packaging = readdirSync(join(root, 'packaging'), { recursive: true, encoding: 'utf8' });
  return [
    '.ci/run',
    ...names.filter((name) => name.endsWith('.sh')).map((name) => join('scripts', name)),
    // scripts of the packages
    ...packaging
      .filter((name) => /\/(?:pre|post)\w+$/.test(name) || name === 'rpm/post')
      .map((name) => join('packaging', name)),
  ];
}

/** What fits the time of npm test; npm run test:matrix runs the rest. */
function checksWithLaterHub({ root, reports, later }) {
  const { title, python, why } = later;
  if (python === undefined) return [skippedCheck(`tests with ${title}`, why)];
  const files = ['test/hub/unix-sockets.test.ts', 'test/hub/later-hubs.test.ts'];
  return [pluginTests({ python, title, reports }), realHubTests({ root, python, title, reports, files })];
}

/** The launch tests in another world; only root can create one. */
export function worldCheck({ root, reports, world: { name, title } }) {
  const line = `launch tests with ${title}`;
  if (process.getuid() !== 0) return skippedCheck(line, 'only root can make worlds: run npm test as root');
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
