// The worlds of npm run test:matrix, and how checks are run: their deadline, and what is counted.
// Not here: making the worlds, which the command does.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const load = (path: string) => import(join(root, 'scripts', path));
const { matrixWorlds, realHubFiles } = await load('matrix/worlds.mjs');
const { countNpmTest } = await load('matrix/npm-test-report.mjs');
const { pythonEnvironments } = await load('worlds/python-environment.mjs');
const { runChecks, skippedCheck } = await load('checks/run-checks.mjs');
const { summarize } = await load('checks/summary.mjs');
const names: string[] = matrixWorlds.map(({ name }: { name: string }) => name);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pwm-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the worlds', () => {
  test('have different names, and one is there for each JupyterHub that is pinned', () => {
    expect(new Set(names).size).toBe(names.length);
    const hubs = pythonEnvironments().filter((name: string) => name.startsWith('hub-'));
    expect(hubs.length).toBeGreaterThan(0);
    expect(names).toEqual(expect.arrayContaining(hubs));
  });

  test('begin with the oldest Node that package.json allows', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const first = matrixWorlds.find(({ name }: { name: string }) => name.startsWith('node-'));
    expect(first.title).toBe(`Node ${engines.node.replace('>=', '')}.0`);
  });

  test('run files with a real hub that exist', () => {
    expect(realHubFiles.filter((path: string) => !existsSync(join(root, path)))).toEqual([]);
  });
});

/** In a directory of their own, so that nothing of this checkout is looked at. */
function run(checks: unknown): Promise<Record<string, unknown>[]> {
  const reports = join(directory, 'reports');
  const python = '/usr/bin/python3';
  // nothing was left behind by what ran here, and others' files are not of this run
  const ran = { id: 'none', directory: reports };
  return runChecks({ root, python, run: ran, reports, checks });
}

describe('a check', () => {
  test('that does not end fails at its deadline, with its command in the reason, and none of it goes on', async () => {
    const proof = join(directory, 'proof');
    const command = ['sh', '-c', `sleep 1000 & echo $! > ${proof}; wait`];
    const [outcome] = await run([{ name: 'a suite', command, minutes: 0.02 }]);
    expect(outcome).toMatchObject({ name: 'a suite', ok: false, counts: { failed: 1 } });
    expect(outcome).toHaveProperty('counts.failures.0.message', expect.stringContaining('after 1.2 s'));
    expect(outcome).toHaveProperty('counts.failures.0.message', expect.stringContaining('sleep 1000'));
    expect(existsSync(`/proc/${readFileSync(proof, 'utf8').trim()}`)).toBe(false);
  });

  test('of which few tests fail runs those once more, alone, and that decides', async () => {
    const proof = join(directory, 'proof');
    const again = (tests: string[]) => ['sh', '-c', `echo "$@" >${proof}`, 'sh', ...tests];
    const check = { command: ['false'], again };
    const rerun = ['test_a.py::test_1', 'test_b.py::test_2[x y]'];
    const [repeated] = await run([{ ...check, name: 'few', count: () => ({ rerun }) }]);
    expect([repeated?.ok, readFileSync(proof, 'utf8')]).toEqual([true, `${rerun.join(' ')}\n`]);
    const many = ['1', '2', '3', '4', '5'];
    const [failed] = await run([{ ...check, name: 'many', count: () => ({ rerun: many }) }]);
    expect([failed?.ok, readFileSync(proof, 'utf8')]).toEqual([false, `${rerun.join(' ')}\n`]);
  });

  test('gets its environment, and the exit code of its command decides', async () => {
    const check = { command: ['sh', '-c', 'exit "$CODE"'] };
    const [zero, one] = await run([
      { ...check, name: 'zero', env: { CODE: '0' } },
      { ...check, name: 'one', env: { CODE: '1' } },
    ]);
    expect([zero?.ok, one?.ok]).toEqual([true, false]);
  });

  test('that counts no tests and fails says at the end of everything why, in its last lines', async () => {
    const command = ['sh', '-c', 'seq 1000; echo "spawner.py:7: error: no attribute"; exit 1'];
    const outcomes = await run([
      { name: 'types', command },
      { name: 'lint', command: ['echo', 'no word of it'] },
    ]);
    const { table } = summarize(outcomes.filter(({ name }) => ['types', 'lint'].includes(String(name))));
    const [last, above] = table.split('\n').toReversed();
    expect([above, last]).toEqual(['         1000', '         spawner.py:7: error: no attribute']);
    expect(table).toContain('\nfailed: types\n');
    expect(table).not.toContain('no word of it');
  });

  test('that cannot run here counts as skipped, with the reason', async () => {
    const [outcome] = await run([skippedCheck('hub-6', 'PyPI cannot be reached')]);
    const skips = [{ name: 'hub-6', reason: 'PyPI cannot be reached' }];
    expect(outcome).toMatchObject({ ok: true, counts: { passed: 0, failed: 0, skipped: 1, skips } });
  });
});

describe('an npm test of another machine', () => {
  test('counts as its checks do, and a check without tests that failed is one failure', () => {
    const path = join(directory, 'report.json');
    const counts = { passed: 3, failed: 1, skipped: 1, expected: 2, failures: [{ name: 'a', message: 'x' }] };
    const outcomes = [
      { name: 'lint', ok: false },
      { name: 'types', ok: true },
      { name: 'tests', ok: false, counts },
      { name: 'more tests', ok: true, counts: { passed: 4, failed: 0, skipped: 0 } },
    ];
    writeFileSync(path, JSON.stringify({ outcomes }));
    expect(countNpmTest(path)).toMatchObject({
      ...{ passed: 7, failed: 2, skipped: 1, expected: 2 },
      failures: [
        { name: 'a', message: 'x' },
        { name: 'lint', message: 'it failed as a whole' },
      ],
    });
    expect(countNpmTest(join(directory, 'none'))).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});
