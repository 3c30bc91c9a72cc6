// A machine in namespaces of its own where the package is installed as npm installs it, to run setup on: real files, real
// programs, a stand-in for systemctl. Everything in it ends with it. Needs root.
// Not here: what is done on it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../../..');
/** Where the machine has this checkout (machine.sh). */
export const checkout = '/run/checkout';
const script = join(root, 'test/fixtures/setup/machine.sh');

export interface Outcome {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly output: string;
}

export interface Installation {
  /** Runs a shell command as root in it. */
  run(command: string): Promise<Outcome>;
  /** The files below these directories, each in a line: path, mode, owner, digest. */
  files(...directories: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

export async function openInstallation(): Promise<Installation> {
  const scratch = mkdtempSync(join(tmpdir(), 'portwrap-machine-'));
  makePackage(join(scratch, 'package'));
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const child = spawn('unshare', [...namespaces, script, scratch, root, process.execPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const close = async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(scratch, { recursive: true, force: true });
  };
  const ready = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (ready.value !== 'ready') {
    await close();
    throw new Error(`machine.sh ended before the machine was ready`);
  }
  const enter = ['--target', String(initOf(child)), '--mount', '--net', '--pid', '--root', '--wd=/'];
  const run = (command: string) => finished('nsenter', [...enter, '--', 'bash', '-c', command]);
  return {
    run,
    async files(...directories) {
      const list = join(checkout, 'test/fixtures/setup/files.py');
      return (await run(`python3 ${list} ${directories.join(' ')}`)).output.split('\n');
    },
    close,
  };
}

/** What the npm package contains of this, without packing it. */
function makePackage(path: string): void {
  mkdirSync(join(path, 'share/plugin'), { recursive: true });
  for (const name of ['dist', 'systemd', 'package.json'])
    cpSync(join(root, name), join(path, name), { recursive: true });
  cpSync(join(root, 'spawner/page/static'), join(path, 'spawner/page/static'), { recursive: true });
  symlinkSync(join(checkout, 'node_modules'), join(path, 'node_modules'));
  const source = join(path, 'plugin-source');
  cpSync(join(root, 'hub'), source, {
    recursive: true,
    filter: (one) => !/__pycache__|\.egg-info/.test(one),
  });
  const options = [
    '-m',
    'build',
    '--no-isolation',
    '--wheel',
    '--outdir',
    join(path, 'share/plugin'),
    source,
  ];
  execFileSync('/usr/bin/python3', options, { stdio: 'ignore', cwd: '/' });
}

/** The first process of the pid namespace: the child of unshare. */
function initOf({ pid }: ChildProcess): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
}

/** As in a login of root. */
const loginVariables = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

async function finished(program: string, argv: readonly string[]): Promise<Outcome> {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: loginVariables });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
