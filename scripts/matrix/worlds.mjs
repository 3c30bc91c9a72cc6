// The worlds of npm run test:matrix by name, and the checks that run in each. `checks` makes the world first, and throws
// a Refusal where it cannot be made.
// Not here: worlds of mounts and control groups, which npm test runs too (../worlds/worlds.mjs).
import { join } from 'node:path';
import { worldCheck } from '../checks/checks.mjs';
import { hubsOwnTests, pluginTests, realHubTests } from '../checks/hub-checks.mjs';
import { vitest } from '../checks/vitest-check.mjs';
import { pythonEnvironment } from '../worlds/python-environment.mjs';
import { worlds as mountWorlds } from '../worlds/worlds.mjs';
import { debianRoot } from './debian-root.mjs';
import { ensureNode } from './node-binary.mjs';
import { countNpmTest } from './npm-test-report.mjs';

/** Test files that start a JupyterHub. */
export const realHubFiles = [
  'test/hub',
  'test/browser',
  'test/integration/spawner/admin/hub.test.ts',
  'test/integration/spawner/servers/activity.test.ts',
  'test/integration/spawner/servers/life.test.ts',
];

export const matrixWorlds = [
  hub('hub-4', 'JupyterHub 4.1', { ownTests: false }), // its tests need a pytest-asyncio of its time
  hub('hub-5', 'JupyterHub 5'),
  hub('hub-6', 'JupyterHub 6'),
  {
    name: 'ecosystem',
    title: "software of JupyterHub's ecosystem",
    checks: async ({ root, reports }) => {
      await pythonEnvironment('ecosystem'); // which its configuration uses
      const check = vitest({ root, reports, name: 'ecosystem', config: 'test/ecosystem/vitest.config.ts' });
      return [{ ...check, name: 'tests of test/ecosystem, JupyterHub 6', minutes: 90 }];
    },
  },
  node('20.19.0'), // the oldest that package.json allows
  node('22.23.3'),
  node('24.21.0'),
  debian('debian-12', 'bookworm'),
  debian('debian-13', 'trixie'),
  ...mountWorlds.map((world) => ({
    name: world.name,
    title: world.title,
    checks: ({ root, reports }) => [worldCheck({ root, reports, world })],
  })),
  {
    name: 'vm',
    title: 'a virtual machine with systemd',
    checks: ({ root, reports }) => {
      const { command, count } = vitest({ root, reports, name: 'vm' });
      // from `run` on they are the arguments of vitest
      const argv = [process.execPath, join(root, 'scripts/vm/test.mjs'), ...command.slice(3)];
      return [{ name: 'tests of test/vm', command: argv, count, minutes: 180 }];
    },
  },
];

function hub(name, title, { ownTests = true } = {}) {
  const checks = async ({ root, reports }) => {
    const python = await pythonEnvironment(name);
    return [
      pluginTests({ python, title, reports }),
      ...(ownTests ? [hubsOwnTests({ python, title, reports })] : []),
      realHubTests({ root, python, title, reports, files: realHubFiles }),
    ];
  };
  return { name, title, checks };
}

function node(version) {
  const title = `Node ${version}`;
  const checks = async ({ root, reports }) => {
    const binary = await ensureNode(version);
    const PATH = `${join(binary, '..')}:${process.env.PATH}`;
    const check = vitest({ root, reports, name: 'vitest', node: binary });
    return [
      {
        ...check,
        name: `tests of the service, the proxy and the scripts, ${title}`,
        env: { PATH },
        minutes: 90,
      },
    ];
  };
  return { name: `node-${version.split('.')[0]}`, title, checks };
}

/** `npm test` as on a machine that has Node and nothing else. */
function debian(name, suite) {
  const title = `npm test on a new Debian, ${suite}`;
  const checks = async ({ root, reports }) => {
    const base = await debianRoot({ name, suite });
    const report = join(reports, `${name}.json`);
    const command = [process.execPath, join(root, 'scripts/matrix/npm-test-in.mjs'), base, report];
    return [{ name: title, command, count: () => countNpmTest(report), minutes: 180 }];
  };
  return { name, title, checks };
}
