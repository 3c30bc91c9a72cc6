// Runs the commands of Slurm: sbatch as the user, the others as the service. Missing information is an error
// (SCHEDULER_UNREACHABLE), never an empty result. Not here: when to run them, handling the results.
import { PortwrapError } from '../../../../config/errors.ts';
import type { Config } from '../../../../config/load.ts';
import { type Account, becomeArgv, type Toolbox } from '../../../../portwrap/index.ts';
import { type Accounted, parseAccounts, sacctArgv } from './sacct.ts';
import { parseNumbers, parseQueue, type Queue, squeueArgv, squeueByNameArgv } from './squeue.ts';
import { type JobUsage, parseUsage, sstatArgv } from './sstat.ts';

export interface SlurmCommands {
  /** Submits as `account` (null: as the service); resolves with the job's number. */
  submit(argv: readonly string[], script: string, account: Account | null): Promise<string>;
  /** Every job of the cluster. */
  queue(): Promise<Queue>;
  /** The jobs of that name, of any user. */
  named(name: string): Promise<{ id: string; state: string }[]>;
  /** Signals the job's script, or without a signal cancels the job. A job that has ended is no error. */
  cancel(id: string, signal?: 'TERM' | 'USR1' | 'KILL'): Promise<void>;
  /** The exit code and signal in Slurm's record; null when it does not know the job any more. */
  exitOf(id: string): Promise<{ code: number; signal: number } | null>;
  /** The accounting database's entries for these jobs, by id; null when the cluster has no accounting. */
  accounts(ids: readonly string[]): Promise<ReadonlyMap<string, Accounted> | null>;
  /** What these jobs use, by id, as far as Slurm has sampled it. A job that has ended is not in it. */
  usage(ids: readonly string[]): Promise<ReadonlyMap<string, JobUsage>>;
  /** The controller's settings (slurm.conf), by key. */
  settings(): Promise<ReadonlyMap<string, string>>;
}

export interface SlurmCommandsInput {
  readonly slurm: Pick<Config['slurm'], 'conf' | 'commands'>;
  readonly tools: Toolbox;
  /** Called for every call. */
  readonly counted: (command: string) => void;
}

/** Milliseconds. sbatch itself retries for minutes when the controller accepts no more jobs. */
const patience = 60_000;
/** Milliseconds; sstat asks every node. */
const usagePatience = 10_000;
/** Milliseconds; sacct itself waits without a limit for a database that hangs. */
const accountsPatience = 10_000;

export function createSlurmCommands({ slurm, tools, counted }: SlurmCommandsInput): SlurmCommands {
  const path = '/usr/local/bin:/usr/bin:/bin';
  const environment = {
    PATH: slurm.commands === null ? path : `${slurm.commands}:${path}`,
    LC_ALL: 'C.UTF-8',
    SLURM_TIME_FORMAT: '%s',
    ...(slurm.conf === null ? {} : { SLURM_CONF: slurm.conf }),
  };
  const program = (name: string) => (slurm.commands === null ? name : `${slurm.commands}/${name}`);
  const call = async (
    command: string,
    argv: readonly string[],
    { input = '', become = [] as readonly string[], timeout = patience } = {},
  ): Promise<Outcome> => {
    counted(command);
    const [first = '', ...rest] = [...become, program(command), ...argv];
    // imported for the first command: it costs 100 ms and 15 MB, which a service without Slurm saves
    const { execa } = await import('execa');
    const { stdout, stderr, failed, timedOut, code } = await execa(first, rest, {
      ...{ input, env: environment, extendEnv: false, cwd: '/', reject: false, timeout },
      forceKillAfterDelay: 1000,
    });
    if (code === 'ENOENT') {
      throw new PortwrapError('TOOL_MISSING', `the command "${command}" is not installed`, {
        hint: 'Install Slurm\'s commands (Debian: slurm-client), or set "slurm.commands".',
      });
    }
    if (timedOut) return { kind: 'late', stdout, text: 'it timed out' };
    const text = lastLine(stderr);
    const refusal = away.test(text) ? 'away' : 'refused';
    return { kind: failed ? refusal : 'done', stdout, text };
  };
  return {
    async submit(argv, script, account) {
      const become = account === null ? [] : becomeArgv(tools('setpriv'), account);
      const outcome = await call('sbatch', argv, { input: script, become });
      const id = /^(\d+)(?:;|$)/.exec(outcome.stdout.trim())?.[1];
      if (outcome.kind === 'done' && id !== undefined) return id;
      throw isUnanswered(outcome) || id !== undefined
        ? unreachable('sbatch', outcome.text)
        : new PortwrapError('JOB_REFUSED', `Slurm refused the job: ${outcome.text}`);
    },
    async queue() {
      const { kind, stdout, text } = await call('squeue', squeueArgv);
      if (kind !== 'done') throw unreachable('squeue', text);
      return parsed(() => parseQueue(stdout));
    },
    async named(name) {
      const { kind, stdout, text } = await call('squeue', squeueByNameArgv(name));
      if (kind !== 'done') throw unreachable('squeue', text);
      return parsed(() => parseNumbers(stdout));
    },
    async cancel(id, signal) {
      const argv = signal === undefined ? [id] : [`--signal=${signal}`, '--batch', id];
      const outcome = await call('scancel', argv);
      if (isUnanswered(outcome)) throw unreachable('scancel', outcome.text);
    },
    async exitOf(id) {
      const outcome = await call('scontrol', ['--oneliner', 'show', 'job', id]);
      if (isUnanswered(outcome)) throw unreachable('scontrol', outcome.text);
      const [, code, signal] = / ExitCode=(\d+):(\d+)(?: |$)/.exec(outcome.stdout) ?? [];
      return code === undefined ? null : { code: Number(code), signal: Number(signal) };
    },
    async accounts(ids) {
      const { kind, stdout, text } = await call('sacct', sacctArgv(ids), { timeout: accountsPatience });
      if (kind === 'refused' && /accounting storage is disabled/i.test(text)) return null;
      if (kind !== 'done') throw unreachable('sacct', text);
      return parseAccounts(stdout);
    },
    async usage(ids) {
      const outcome = await call('sstat', sstatArgv(ids), { timeout: usagePatience });
      if (isUnanswered(outcome)) throw unreachable('sstat', outcome.text);
      return parseUsage(outcome.stdout); // it fails for a job that has just ended, after the lines of the others
    },
    async settings() {
      const { kind, stdout, text } = await call('scontrol', ['show', 'config']);
      if (kind !== 'done') throw unreachable('scontrol', text);
      const pairs = [...stdout.matchAll(/^(\w+) += ?(.*)$/gm)];
      return new Map(pairs.map(([, key = '', value = '']) => [key, value.trim()]));
    },
  };
}

/** late: no result in time. away: the controller was unreachable. refused: it failed for another reason. */
interface Outcome {
  readonly kind: 'done' | 'late' | 'away' | 'refused';
  readonly stdout: string;
  /** Its output or the error, for people. */
  readonly text: string;
}

function isUnanswered({ kind }: Outcome): boolean {
  return kind === 'late' || kind === 'away';
}

/** Messages of the commands when the controller is unreachable, or its response was lost. */
const away =
  /contact slurm controller|connect failure|Connection refused|timed out|Zero Bytes|send\/recv|munge/i;

function unreachable(command: string, text: string): PortwrapError {
  return new PortwrapError('SCHEDULER_UNREACHABLE', `${command} got no response from Slurm: ${text}`);
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new PortwrapError('SCHEDULER_UNREACHABLE', (cause as Error).message, { cause });
  }
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line
    .replace(/^\w+: (?:error|fatal): /, '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, 300);
}
