// Runs tests in one world: new namespaces, vitest in them, and one report.
// Not here: setting up the inside of the world (enter.sh).
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { variable } from '../checks/run.mjs';
import { makeControlGroups } from './control-groups.mjs';

// most of a launch test is waiting
const atOnce = ['--maxWorkers=3'];
const oneByOne = '--no-file-parallelism';

/**
 * `files`: instead of the world's own part. Resolves with whether all is well; the report is always written. When it is
 * aborted, the world ends with all that is in it.
 */
export async function runWorld({ root, world, report, files, say, abort }) {
  // concurrently, each in its own world: they do not affect each other
  const runs =
    files === undefined
      ? [
          [...atOnce, ...world.part],
          [oneByOne, ...world.alone],
        ]
      : [[oneByOne, ...files]];
  const ended = await Promise.all(runs.map((part) => runPart({ root, world, part, abort })));
  for (const { output } of ended) say(output);
  const testResults = ended.flatMap(({ found }) => found.testResults);
  writeFileSync(report, JSON.stringify({ testResults }));
  return ended.every(({ code }) => code === 0);
}

async function runPart({ root, world, part, abort }) {
  const stage = mkdtempSync(join(tmpdir(), 'portwrap-world-'));
  const groups = makeControlGroups(stage.split('/').at(-1));
  // it is a run of its own, with a /tmp of its own
  const { TMPDIR: _, [variable]: __, ...environment } = process.env;
  try {
    mkdirSync(join(stage, 'reports'));
    const { code, output } = await started(worldArgv({ root, part, entries: groups.entries }), {
      cwd: root,
      env: { ...environment, ...worldEnvironment({ root, world, stage }) },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...{ signal: abort, killSignal: 'SIGKILL' },
    });
    const report = join(stage, 'reports', 'vitest.json');
    const found = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { testResults: [] };
    return { code, output, found };
  } finally {
    await groups.remove();
    rmSync(stage, { recursive: true });
  }
}

/** The description of the world for enter.sh and the tests (test/support/machine/world.ts). */
export function worldEnvironment({ root, world, stage }) {
  return {
    WORLD_NAME: world.name,
    WORLD_MOUNTS: world.mounts,
    WORLD_OWN: world.own.join(' '),
    WORLD_HOME: world.home,
    WORLD_GROUPS: world.groups,
    WORLD_STAGE: stage,
    WORLD_SOURCE: root,
  };
}

/** A shell that enters the control groups, and then becomes the world's first process. */
export function worldArgv({ root, part, entries }) {
  const join = 'until [ "$1" = -- ]; do echo $$ > "$1" || exit; shift; done; shift; exec "$@"';
  const namespaces = ['--mount', '--pid', '--fork', '--net', '--ipc', '--cgroup'];
  const vitest = [process.execPath, `${root}/node_modules/vitest/vitest.mjs`, 'run'];
  const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=/world/vitest.json'];
  return [
    ...['sh', '-c', join, 'sh', ...entries, '--'],
    ...['unshare', ...namespaces, '--propagation', 'private', '--kill-child', '--'],
    ...['sh', `${root}/scripts/worlds/enter.sh`, ...vitest, ...reporters, ...part],
  ];
}

function started([program, ...argv], options) {
  return new Promise((resolve) => {
    const child = spawn(program, argv, options);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      output += `${error.message}\n`;
      if (child.pid === undefined) resolve({ code: null, output });
    });
    child.once('close', (code) => resolve({ code, output }));
  });
}
