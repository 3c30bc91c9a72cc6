// Runs the built `portwrap` as a person would: as root for another account, or as an ordinary user. A copy of
// its files is made where that user can read it, because a checkout may be in a home directory.
// Not here: leftovers (support/machine/census.ts).
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRoot, openTunDevice, testAccount } from './machine/accounts.ts';
import { pidsOf } from './machine/census.ts';
import { runId } from './machine/run-id.ts';

const root = join(import.meta.dirname, '../..');
/** Another build of the same sources, for use while other builds run. */
const built = process.env.PORTWRAP_TEST_DIST ?? join(root, 'dist');

export interface Installed {
  /** World-readable: dist/, package.json and the fixtures. */
  readonly directory: string;
  readonly main: string;
  /** Below /tmp, of which every sandbox has its own: for XDG_RUNTIME_DIR. */
  readonly scratch: string;
  fixture(name: string): string;
  remove(): void;
}

/** Copies the command and the fixtures to a fresh directory; `without`: as if these programs in C were not compiled. */
export function installPortwrap({ without = [] }: { readonly without?: readonly string[] } = {}): Installed {
  // neither /tmp nor /var/tmp: a sandbox has its own
  const directory = mkdtempSync(join(isRoot ? '/srv' : homedir(), `pw-${runId()}-`));
  chmodSync(directory, 0o755);
  const scratch = mkdtempSync(`/tmp/pw-${runId()}-`);
  chmodSync(scratch, 0o755);
  for (const part of ['portwrap', 'config', 'native']) {
    cpSync(join(built, part), join(directory, 'dist', part), { recursive: true });
  }
  const native = join(directory, 'dist/native');
  for (const name of without)
    for (const file of readdirSync(native)) if (file.startsWith(`${name}-`)) rmSync(join(native, file));
  cpSync(join(root, 'package.json'), join(directory, 'package.json'));
  cpSync(join(root, 'test/fixtures/portwrap'), join(directory, 'fixtures'), { recursive: true });
  openTunDevice();
  return {
    directory,
    scratch,
    main: join(directory, 'dist/portwrap/main.js'),
    fixture: (name) => join(directory, 'fixtures', name),
    remove() {
      // leftovers of a failed test must not affect the next one
      for (const place of [directory, scratch]) {
        for (const pid of pidsOf(place)) killQuietly(pid);
        rmSync(place, { recursive: true, force: true });
      }
    },
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was removed with another one
  }
}

/** How portwrap is started: the account, and the options that it needs. */
export interface Mode {
  readonly name: string;
  /** The account of the payload. */
  readonly uid: number;
  /** Put before the node command; it execs, so the pid stays. */
  readonly become: readonly string[];
  readonly options: readonly string[];
}

export function modes(): Mode[] {
  if (!isRoot) return [{ name: 'an ordinary user', uid: process.getuid?.() ?? -1, become: [], options: [] }];
  const account = testAccount('a');
  return [
    { name: 'root for an account', uid: account.uid, become: [], options: ['--user', account.name] },
    { name: 'an ordinary user', uid: account.uid, become: becoming(account.name), options: [] },
  ];
}

export function becoming(name: string): string[] {
  return ['setpriv', `--reuid=${name}`, `--regid=${name}`, '--init-groups', '--inh-caps=-all', '--'];
}

export interface Run {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The directory around XDG_RUNTIME_DIR of this run; the marker for the census. */
  readonly scratch: string;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the name of the signal that ended portwrap itself. */
  readonly ended: Promise<number | string>;
}

export interface RunOptions {
  readonly stdio?: StdioOptions;
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** More or other options of portwrap; default the forward 8888. */
  readonly options?: readonly string[];
}

/** Starts `portwrap OPTIONS COMMAND` with a scratch directory of its own. */
export function runPortwrap(
  installed: Installed,
  mode: Mode,
  hostPort: number,
  command: readonly string[],
  options: RunOptions = {},
): Run {
  const scratch = mkdtempSync(join(installed.scratch, 'run-'));
  chmodSync(scratch, 0o1777);
  mkdirSync(join(scratch, 'tmp'));
  chmodSync(join(scratch, 'tmp'), 0o1777);
  const argv = [
    ...mode.become,
    process.execPath,
    installed.main,
    ...['-p', String(hostPort), '-P', '8888'],
    ...mode.options,
    ...(options.options ?? []),
    ...command,
  ];
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: options.workingDirectory ?? '/',
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin',
      XDG_RUNTIME_DIR: join(scratch, 'tmp'),
      LC_PORTWRAP_TEST: scratch, // marks the payload too: portwrap passes locale variables on
      ...options.environment,
    },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    process: child,
    pid: child.pid ?? -1,
    scratch,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
  };
}
