// A process that waits forever is found by the FIFO that it holds. Real processes under names of their own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { killStuck } from '../../../../portwrap/sandbox/stuck.ts';

const directory = mkdtempSync(join(tmpdir(), 'stuck-'));
const [own, other] = [join(directory, 'life.fifo'), join(directory, 'other.fifo')];
execFileSync('mkfifo', [own, other]);
afterAll(() => rmSync(directory, { recursive: true }));

/** A shell of that name that holds a FIFO open. */
async function holder(name: string, fifo: string, how: '<>' | '<' = '<>'): Promise<ChildProcess> {
  const program = join(directory, name);
  if (!existsSync(program)) copyFileSync('/bin/sh', program);
  chmodSync(program, 0o755);
  const child = spawn(program, ['-c', `exec 7${how}"$1"; echo; read -r _`, name, fifo], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

/** Kills by that FIFO; of the holders only the first has ended then. */
async function expectOnlyFirstKilled(kind: Parameters<typeof killStuck>[1], ...holders: ChildProcess[]) {
  const [stuck, ...rest] = holders;
  if (stuck === undefined) throw new Error('there is no holder');
  const ended = once(stuck, 'exit');
  killStuck(own, kind);
  expect(await ended).toEqual([null, 'SIGKILL']);
  for (const child of rest) {
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

test('kills the processes of bubblewrap that hold the FIFO, and no others', async () => {
  const stuck = await holder('bwrap', own);
  await expectOnlyFirstKilled(
    'bubblewrap',
    stuck,
    await holder('slirp4netns', own),
    await holder('bwrap', other),
  );
});

test('kills the programs of the network that hold the FIFO, but none that reads, and no program of others', async () => {
  const stuck = await holder('slirp4netns', own);
  await expectOnlyFirstKilled(
    'network',
    stuck,
    await holder('dbus-daemon', own),
    await holder('pasta', own, '<'),
  );
});

test('does nothing where the FIFO is gone', () => {
  expect(killStuck(join(directory, 'missing'), 'network')).toBeUndefined();
});
