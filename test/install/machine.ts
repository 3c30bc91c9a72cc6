// A Debian of its own for one test: the files of a root that debootstrap has made, its own processes and network, root's
// programs. systemd does not run in it; where a guide needs it, `standInForSystemd` starts the programs of units.
// Not here: making the root (scripts/install/test.mjs), what is done in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Place, places } from './places.ts';

const root = join(import.meta.dirname, '../..');
const fixtures = join(root, 'test/fixtures');

export interface Outcome {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly output: string;
}

export interface RunOptions {
  /** Deadline in seconds. */
  readonly seconds?: number;
  /** On a terminal; "y" is typed at each question of setup. */
  readonly isOnTerminal?: boolean;
}

export interface Machine {
  /** Runs a shell command as root. Rejects, and says what did not end, after the deadline. */
  run(command: string, options?: RunOptions): Promise<Outcome>;
  /** The output of a command that must succeed. */
  output(command: string, options?: RunOptions): Promise<string>;
  /** Copies a file or directory of this checkout or of the packages into it. */
  put(from: string, to: string): void;
  /** From here on systemd seems to run: the programs of units are started, and no more (test/fixtures/setup). */
  standInForSystemd(): Promise<void>;
  close(): Promise<void>;
}

/** Needs root. `place`: where the packages and the roots are. */
export async function bootDebian(name: 'debian-12' | 'debian-13', place: Place = places()): Promise<Machine> {
  mkdirSync(place.scratch, { recursive: true });
  const scratch = mkdtempSync(join(place.scratch, `${name}-`));
  const enter = join(root, 'scripts/matrix/enter-root.sh');
  const script = join(fixtures, 'install/boot.sh');
  const namespaces = ['--mount', '--net', '--propagation', 'private', '--'];
  const child = spawn('unshare', [...namespaces, 'bash', script, place.root(name), scratch, enter], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closers: (() => Promise<void>)[] = [
    async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(scratch, { recursive: true, force: true });
    },
  ];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const ready = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    if (ready.value !== 'ready') throw new Error(`boot.sh ended before ${name} was ready`);
    const pid = initOf(child);
    // it ends at the end of descriptor 4: also when this process is killed
    const options = ['--configure', '--mtu=65520', '--ready-fd=3', '--exit-fd=4'];
    const uplink = spawn('slirp4netns', [...options, pid, 'tap0'], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    closers.push(async () => {
      uplink.kill();
      if (uplink.exitCode === null && uplink.signalCode === null) await once(uplink, 'exit');
    });
    await Promise.race([once(uplink.stdio[3] as NodeJS.ReadableStream, 'data'), failedUplink(uplink)]);
    return machineOf(name, pid, { close, transcript: `${scratch}.txt` });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Rest {
  readonly close: () => Promise<void>;
  /** File for each command, its output, how long it took, and how much time of processors. */
  readonly transcript: string;
}

function machineOf(name: string, pid: string, { close, transcript }: Rest): Machine {
  const enter = [`--target=${pid}`, '--mount', '--net', '--pid', '--ipc', '--uts', '--root', '--wd'];
  const inside = (path: string) => `/proc/${pid}/root${path}`;
  const run: Machine['run'] = async (command, { seconds = 600, isOnTerminal = false } = {}) => {
    const argv = [...enter, '--', 'bash', '-c', `cd /root; ${command}`];
    const [program, ...rest] = isOnTerminal
      ? ['/usr/bin/python3', join(fixtures, 'install/answer-yes.py'), 'nsenter', ...argv]
      : ['nsenter', ...argv];
    const began = performance.now();
    const used = processorTime();
    const { timedOut, ...outcome } = await finished(program ?? '', rest, seconds);
    const taken = `${((performance.now() - began) / 1000).toFixed(1)} s, ${(processorTime() - used).toFixed(1)} s of a processor`;
    appendFileSync(transcript, `# ${command}\n${outcome.output}[exit code ${outcome.code}, ${taken}]\n\n`);
    if (!timedOut) return outcome;
    throw new Error(`${name}: "${command}" did not end within ${seconds} s. It wrote:\n${outcome.output}`);
  };
  const output: Machine['output'] = async (command, options) => {
    const done = await run(command, options);
    if (done.code === 0) return done.output;
    throw new Error(`${name}: "${command}" ended with ${done.code}:\n${done.output}`);
  };
  return {
    run,
    output,
    put(from, to) {
      cpSync(from, inside(to), { recursive: true });
    },
    async standInForSystemd() {
      await output('apt-get -q install systemd python3 && mkdir -p /run/systemd/system', { seconds: 1_800 });
      copyFileSync(join(fixtures, 'setup/systemctl'), inside('/usr/local/sbin/systemctl'));
      chmodSync(inside('/usr/local/sbin/systemctl'), 0o755);
    },
    close,
  };
}

/** The first process of the innermost pid namespace. */
function initOf({ pid }: ChildProcess): string {
  // unshare of boot.sh, which became the outer one of enter-root.sh, and its child, which is the first inside
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
}

async function failedUplink(uplink: ChildProcess): Promise<never> {
  let reason = '';
  uplink.stderr?.setEncoding('utf8').on('data', (text: string) => (reason += text));
  const [code] = (await once(uplink, 'close')) as [number | null];
  throw new Error(`slirp4netns ended with ${code}: ${reason}`);
}

/** Seconds that ended children used, with theirs that they waited for: no daemons. proc_pid_stat(5), at 100 ticks a second. */
function processorTime(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** As in a login of root. */
const loginVariables = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
};

async function finished(program: string, argv: readonly string[], seconds: number) {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: loginVariables });
  let timedOut = false;
  const deadline = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
    for (const stream of [child.stdout, child.stderr]) stream.destroy(); // its children may hold them open
  }, seconds * 1000);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(deadline);
  return { code, output, timedOut };
}
