// Who a process is, and whose child, as /proc tells. Not here: how sandboxes are watched (status.test.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  childrenOf,
  identify,
  monitorOf,
  type ProcessIdentity,
  readStat,
} from '../../../../portwrap/system/process.ts';

const directory = mkdtempSync(join(tmpdir(), 'process-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A shell of that name with a child, which the test ends. */
async function parentNamed(name: string): Promise<{ parent: ChildProcess; child: ProcessIdentity }> {
  const program = join(directory, name);
  copyFileSync('/bin/sh', program);
  chmodSync(program, 0o755);
  const parent = spawn(program, ['-c', 'sleep 1000 & echo; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(parent.stdout as NodeJS.ReadableStream, 'data');
  const child = identify(childrenOf(parent.pid ?? 0)[0] ?? 0);
  if (child === null) throw new Error('there is no child');
  return { parent, child };
}

test.each([
  ['bwrap', true],
  ['a) b (c', false],
])('of a process whose parent is "%s" that parent is the monitor: %s', async (name, expected) => {
  const { parent, child } = await parentNamed(name);
  expect(readStat(parent.pid ?? 0)?.name).toBe(name);
  expect(monitorOf(child)?.pid).toBe(expected ? parent.pid : undefined);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  // whoever adopts it now is no monitor
  expect(monitorOf(child)).toBeNull();
  process.kill(child.pid, 'SIGKILL');
});
