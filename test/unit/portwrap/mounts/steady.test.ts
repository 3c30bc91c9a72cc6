// A sandbox whose building failed while mounts changed is built again; any other failure is told at once.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { whileMountsAreSteady } from '../../../../portwrap/mounts/steady.ts';

const broken = new PortwrapError('SANDBOX_FAILED', 'bubblewrap could not build the sandbox');

/** Fails with each of `failures`, in turn; `mounts` is what is seen before and after each try. */
async function built(failures: readonly Error[], mounts: readonly string[]) {
  const left = [...failures];
  const seen = [...mounts];
  let builds = 0;
  const build = async () => {
    builds += 1;
    const failure = left.shift();
    if (failure !== undefined) throw failure;
    return 'sandbox';
  };
  const readMounts = () => seen.shift() ?? '';
  const outcome = await whileMountsAreSteady(build, { readMounts }).catch((error: unknown) => error);
  return { outcome, builds };
}

test.each([
  ['at once', [], ['a'], 'sandbox', 1],
  ['again when a mount went', [broken], ['ab', 'a', 'a'], 'sandbox', 2],
  ['not again when none changed', [broken], ['a', 'a'], broken, 1],
  [
    'four times at most',
    [broken, broken, broken, broken],
    ['1', '2', '2', '3', '3', '4', '4', '5'],
    broken,
    4,
  ],
] as const)('is built %s', async (_, failures, mounts, outcome, builds) => {
  expect(await built(failures, mounts)).toEqual({ outcome, builds });
});

test('what the mounts do not explain is told at once', async () => {
  const taken = new PortwrapError('PORT_TAKEN', 'host port 1 is taken');
  expect(await built([taken], ['ab', 'a'])).toEqual({ outcome: taken, builds: 1 });
});

test.each([
  ['again when a file was replaced', true, 2],
  ['not again when it is the same', false, 1],
] as const)('is built %s', async (_, isReplaced, expected) => {
  const directory = mkdtempSync(join(tmpdir(), 'steady-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [passwd, next] = [join(directory, 'passwd'), join(directory, 'passwd+')];
  for (const path of [passwd, next]) writeFileSync(path, '');
  let builds = 0;
  const build = () => {
    builds += 1;
    if (builds === 1 && isReplaced) renameSync(next, passwd);
    return builds === 1 ? Promise.reject(broken) : Promise.resolve('sandbox');
  };
  await whileMountsAreSteady(build, { readMounts: () => '', files: [passwd] }).catch(() => null);
  expect(builds).toBe(expected);
});
