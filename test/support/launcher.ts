// A launcher as its own process, which a test may kill: launches one detached sandbox (launcher.mjs).
// Not here: adopting and destroying, which the tests do themselves.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkChoice, NetworkPolicy, SandboxRecord } from '../../portwrap/index.ts';
import type { Installed, Mode } from './run-portwrap.ts';

export interface LauncherOptions extends Partial<NetworkChoice> {
  readonly command: readonly string[];
  readonly hostPorts: readonly number[];
  readonly policy?: Partial<NetworkPolicy>;
  /** Bytes of temporary files on disk. */
  readonly temporarySize?: number;
}

export interface Launcher {
  readonly process: ChildProcess;
  /** The sandbox's directory; the marker for the census too. */
  readonly directory: string;
  /** What the payload has printed. */
  log(): string;
  /** Rejects when the launcher ended without one. */
  readonly record: Promise<SandboxRecord>;
  readonly ended: Promise<unknown>;
}

export function startLauncher(installed: Installed, mode: Mode, options: LauncherOptions): Launcher {
  const state = mkdtempSync(join(installed.directory, 'state-'));
  chmodSync(state, 0o777);
  const directory = join(state, 's');
  const log = join(state, 'log');
  const account = mode.options[1] ?? null;
  const specification = JSON.stringify({ ...options, directory, account, log });
  const node = [process.execPath, installed.fixture('launcher.mjs'), join(installed.directory, 'dist')];
  const [program = '', ...argv] = [...mode.become, ...node, specification];
  const child = spawn(program, argv, { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = once(child, 'close');
  const record = new Promise<SandboxRecord>((resolve, reject) => {
    child.stdout.on('data', () => {
      if (stdout.endsWith('\n')) resolve(JSON.parse(stdout) as SandboxRecord);
    });
    ended.then(() => reject(new Error(`the launcher ended: ${stderr}`)));
  });
  record.catch(() => {});
  return { process: child, directory, record, ended, log: () => readFileSync(log, 'utf8') };
}
