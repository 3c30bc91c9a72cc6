// Runs the programs of a plan, and makes directories with them. Not here: which programs (plan/).
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { PortwrapError } from '../../../../config/errors.ts';
import type { Command } from '../plan/steps.ts';
import { makeDirectory } from './files.ts';
import type { Journal } from './journal.ts';

/** Throws SETUP_FAILED with the last lines that it wrote. */
export async function runCommand([program, ...argv]: Command): Promise<void> {
  const run = await execa(program, argv, {
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    cwd: '/',
    stdin: 'ignore',
    all: true,
    reject: false,
  });
  if (run.exitCode === 0) return;
  const last = run.all?.trim().split('\n').slice(-5).join('\n  ') || (run.shortMessage ?? '');
  throw new PortwrapError('SETUP_FAILED', `${program} ended with ${run.exitCode ?? run.signal}: ${last}`);
}

/** An earlier directory is put aside until the new one is complete; an incomplete one does not stay. */
export async function makeTree(path: string, commands: readonly Command[], journal: Journal): Promise<void> {
  const old = `${path}.old`;
  await makeDirectory(dirname(path), journal);
  await journal.add({ kind: 'tree', path });
  rmSync(old, { recursive: true, force: true });
  if (existsSync(path)) renameSync(path, old);
  try {
    for (const command of commands) await runCommand(command);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    if (existsSync(old)) renameSync(old, path);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}
