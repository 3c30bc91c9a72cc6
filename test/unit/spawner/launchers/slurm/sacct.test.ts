// The second witness: what it is asked, what its answer tells, and how long it is asked. Not here: a real database
// (test/integration/slurm/ends.test.ts).
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../../config/errors.ts';
import { createAccounting } from '../../../../../spawner/launchers/slurm/scheduler/accounting.ts';
import {
  type Accounted,
  parseAccounts,
  sacctArgv,
} from '../../../../../spawner/launchers/slurm/scheduler/sacct.ts';

const log = pino({ level: 'silent' });
const hasty = { patience: 40, firstPause: 1, longestPause: 1 };
const submitted = 1_795_472_176;
const noted = (state: string, id = '7'): Accounted => ({
  ...{ id, submitted, state, node: 'n1', code: 0, signal: 0 },
});
const requested = submitted * 1000;

test('the whole command', () => {
  expect(sacctArgv(['7', '12'])).toEqual([
    ...['--noheader', '--parsable2', '--allocations', '--allusers'],
    ...['--jobs=7,12', '--format=JobIDRaw,Submit,State,ExitCode,NodeList'],
  ]);
});

test('its answer, by number; a line that is not as expected tells nothing', () => {
  const output = [
    ...['7|1795472176|CANCELLED by 1003|0:15|n1', '8|1795472177|FAILED|9:0|n2'],
    ...['9|1795472178|CANCELLED|0:0|None assigned', '10|1795472179|OUT_OF_MEMORY|0:125|n[1-2]'],
    ...['sacct: a warning', '11|1795472180|RUNNING', '11.batch|1795472180|FAILED|1:0|n1'],
    ...['12|Unknown|FAILED|1:0|n1', '13|FAILED|1:0|n1', ''],
  ].join('\n');
  expect([...parseAccounts(output).values()]).toEqual([
    { id: '7', submitted, state: 'CANCELLED', node: 'n1', code: 0, signal: 15 },
    { id: '8', submitted: submitted + 1, state: 'FAILED', node: 'n2', code: 9, signal: 0 },
    { id: '9', submitted: submitted + 2, state: 'CANCELLED', node: null, code: 0, signal: 0 },
    { id: '10', submitted: submitted + 3, state: 'OUT_OF_MEMORY', node: null, code: 0, signal: 125 },
  ]);
});

test('jobs that vanish at once are one call; those that vanish meanwhile are the next one', async () => {
  const calls: string[][] = [];
  let answer: () => void = () => {};
  const accounting = createAccounting(
    {
      accounts(ids) {
        calls.push([...ids]);
        const found = new Map(ids.map((id) => [id, noted('TIMEOUT', id)]));
        return new Promise((resolve) => {
          answer = () => resolve(found);
        });
      },
    },
    log,
  );
  const first = ['1', '2', '3'].map((id) => accounting.endOf(id, requested));
  await expect.poll(() => calls.length).toBe(1);
  const second = ['4', '5'].map((id) => accounting.endOf(id, requested));
  answer();
  expect((await Promise.all(first)).map((end) => end?.id)).toEqual(['1', '2', '3']);
  await expect.poll(() => calls.length).toBe(2);
  answer();
  await Promise.all(second);
  expect(calls).toEqual([
    ['1', '2', '3'],
    ['4', '5'],
  ]);
});

test('a database that lags behind, or does not answer, is asked again', async () => {
  const answers = [() => null, () => noted('RUNNING'), () => undefined, () => noted('PREEMPTED')];
  const accounting = createAccounting(
    {
      async accounts() {
        const next = answers.shift()?.();
        if (next === null) throw new PortwrapError('SCHEDULER_UNREACHABLE', 'Connection refused');
        return new Map(next === undefined ? [] : [[next.id, next]]);
      },
    },
    log,
    { ...hasty, patience: 10_000 },
  );
  expect(await accounting.endOf('7', requested)).toMatchObject({ state: 'PREEMPTED' });
});

test('a job of that number that was submitted long before is another one, the right one may follow', async () => {
  const ofBefore = { ...noted('TIMEOUT'), submitted: submitted - 86_400 };
  const behind = { ...noted('PREEMPTED'), submitted: submitted - 300 }; // by the controller's clock
  const answers = [ofBefore, ofBefore, behind];
  const accounts = async () => new Map([['7', answers.shift() ?? ofBefore]]);
  const accounting = createAccounting({ accounts }, log, { ...hasty, patience: 10_000 });
  expect(await accounting.endOf('7', requested)).toEqual(behind);
});

test.each<[string, () => Promise<ReadonlyMap<string, Accounted> | null>]>([
  ['has nothing about it', async () => new Map()],
  ['knows only an older job', async () => new Map([['7', { ...noted('TIMEOUT'), submitted: 1_000_000 }]])],
  ['says that it runs', async () => new Map([['7', noted('RUNNING')]])],
  ['fails', () => Promise.reject(new PortwrapError('SCHEDULER_UNREACHABLE', 'away'))],
])('one that %s to the end is no answer', async (_what, accounts) => {
  expect(await createAccounting({ accounts }, log, hasty).endOf('7', requested)).toBeNull();
});

test.each<[string, () => Promise<null>]>([
  ['keeps no accounts', async () => null],
  ['has no sacct', () => Promise.reject(new PortwrapError('TOOL_MISSING', 'sacct'))],
])('a cluster that %s is asked once', async (_what, answer) => {
  let calls = 0;
  const accounts = () => {
    calls += 1;
    return answer();
  };
  expect(await createAccounting({ accounts }, log).endOf('7', requested)).toBeNull();
  expect(calls).toBe(1);
});
