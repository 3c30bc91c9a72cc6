// A Slurm cluster under test: Debian's own munged, slurmctld and two slurmd, with a configuration, keys and ports of
// their own in a temporary directory, all nodes on this machine. Not here: the service that uses it (service.ts).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findAccount } from '../machine/accounts.ts';
import { freePorts } from '../machine/free-ports.ts';
import { processesBelow } from '../service.ts';
import { accountingSettings, configureAccounting, databaseEnvironment, startDatabase } from './accounting.ts';

export type Daemon = 'slurmctld' | 'n1' | 'n2' | 'slurmdbd';

export interface TestCluster {
  /** slurm.conf. */
  readonly conf: string;
  /** A free port for the report listener of the service. */
  readonly reportPort: number;
  /** Runs a command of Slurm as root, or as that user; its output. */
  run(command: string, argv: readonly string[], user?: string): string;
  /** The state of a job, as squeue names it; UNKNOWN when it does not know the job. */
  stateOf(job: string): string;
  /** The ends of what its daemons have logged, for a failure. */
  logs(): string;
  kill(daemon: Daemon): Promise<void>;
  /** It does nothing until it is started or killed. */
  suspend(daemon: Daemon): void;
  start(daemon: Daemon): Promise<void>;
  /** Cancels every job, ends the daemons, and removes everything; fails when a process of it is left. */
  dispose(): Promise<void>;
}

/** YAML by which a service uses the cluster. */
export function slurmSettings({ conf, reportPort }: TestCluster, more = ''): string {
  return `slurm: {report_listen: "127.0.0.1:${reportPort}", conf: ${conf}, interval: 0.5${more}}`;
}

/** `more` is added to slurm.conf. With `accounting` there is a slurmdbd with a database of its own. */
export async function startCluster(more = '', { accounting = false } = {}): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'pws-slurm-'));
  chmodSync(directory, 0o755); // the commands of every user read slurm.conf
  const at = (name: string) => join(directory, name);
  mkdirSync(at('munge'));
  mkdirSync(at('state'), { mode: 0o700 });
  writeFileSync(at('munge/key'), randomBytes(128), { mode: 0o400 });
  const [control = 0, n1 = 0, n2 = 0, reportPort = 0, dbd = 0] = await freePorts(5);
  const settings = accounting ? `${more}\n${accountingSettings(directory, dbd)}` : more;
  writeFileSync(at('slurm.conf'), configuration(directory, { control, n1, n2 }, settings));
  writeFileSync(at('cgroup.conf'), cgroupConfiguration);
  const running = new Map<string, ChildProcess>();
  const begin = (name: string, program: string, argv: readonly string[]) => {
    running.set(name, spawn(program, argv, { env: daemonEnvironment, stdio: 'ignore', cwd: directory }));
  };
  const daemonEnvironment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    SLURM_CONF: at('slurm.conf'),
    ...databaseEnvironment(directory),
  };
  const end = async (name: string, signal: NodeJS.Signals) => {
    const child = running.get(name);
    if (!isAlive(child)) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const programs: Record<Daemon, readonly [string, string[]]> = {
    slurmctld: ['slurmctld', ['-D']],
    n1: ['slurmd', ['-D', '-N', 'n1']],
    n2: ['slurmd', ['-D', '-N', 'n2']],
    slurmdbd: ['slurmdbd', ['-D']],
  };
  let skipped = 0;
  /** A controller that forgot its youngest jobs would give their numbers again, and nodes refuse jobs that they have ended. */
  const skipJobNumbers = () => {
    skipped += 1_000;
    const kept = readFileSync(at('slurm.conf'), 'utf8').replace(/^FirstJobId=.*\n/m, '');
    writeFileSync(at('slurm.conf'), `${kept}FirstJobId=${skipped}\n`);
  };
  const cluster: TestCluster = {
    conf: at('slurm.conf'),
    reportPort,
    run(command, argv, user) {
      const become = user === undefined ? [] : becoming(user);
      const [program = '', ...words] = [...become, command, ...argv];
      return execFileSync(program, words, { env: daemonEnvironment, encoding: 'utf8', stdio: 'pipe' }).trim();
    },
    stateOf(job) {
      try {
        return cluster.run('squeue', ['--noheader', '--states=all', `--jobs=${job}`, '--format=%T']);
      } catch {
        return 'UNKNOWN'; // a controller that was killed may not have saved its youngest jobs
      }
    },
    logs() {
      const said = ['slurmdbd', 'slurmctld', 'n1', 'n2'].filter((name) => existsSync(at(`${name}.log`)));
      return said
        .map((name) => `${name}: ${readFileSync(at(`${name}.log`), 'utf8').slice(-2000)}`)
        .join('\n');
    },
    kill: (daemon) => end(daemon, 'SIGKILL'),
    suspend: (daemon) => void running.get(daemon)?.kill('SIGSTOP'),
    async start(daemon) {
      const child = running.get(daemon);
      if (isAlive(child)) child.kill('SIGCONT');
      else {
        if (daemon === 'slurmctld') skipJobNumbers();
        begin(daemon, ...programs[daemon]);
      }
      if (daemon === 'slurmdbd') await until('slurmdbd is up', () => answers('sacctmgr', 'show', 'cluster'));
      else await until('the cluster is up', () => isUp(cluster));
    },
    async dispose() {
      if (running.get('slurmctld')?.signalCode !== null) await cluster.start('slurmctld');
      const alive = () => cluster.run('squeue', ['--noheader', '--format=%i']);
      for (const job of alive().split('\n').filter(Boolean)) cluster.run('scancel', [job]);
      await until('every job has ended', () => alive() === '');
      for (const name of ['n1', 'n2', 'slurmctld', 'slurmdbd', 'mariadbd', 'munged']) {
        running.get(name)?.kill('SIGCONT');
        await end(name, 'SIGTERM');
      }
      await until('no process is left', () => processesBelow(directory).length === 0);
      // of task/cgroup; slurmd leaves it
      for (const node of ['n1', 'n2']) {
        const group = `/sys/fs/cgroup/memory/slurm_${node}`;
        await until(`${group} is empty`, () => removeEmpty(group));
      }
      rmSync(directory, { recursive: true });
    },
  };
  begin('munged', 'munged', [
    ...['--foreground', '--force', '--num-threads=2', `--key-file=${at('munge/key')}`],
    ...[`--socket=${at('munge/socket')}`, `--pid-file=${at('munge/pid')}`],
    ...[`--log-file=${at('munge/log')}`, `--seed-file=${at('munge/seed')}`],
  ]);
  const answers = (command: string, ...argv: string[]) => {
    try {
      cluster.run(command, argv);
      return true;
    } catch {
      return false;
    }
  };
  try {
    if (accounting) {
      configureAccounting(directory, dbd);
      await startDatabase(directory, begin, until);
      await cluster.start('slurmdbd');
      cluster.run('sacctmgr', ['--immediate', 'add', 'cluster', 'test']);
    }
    for (const name of ['slurmctld', 'n1', 'n2'] as const) begin(name, ...programs[name]);
    await until('the cluster is up', () => isUp(cluster));
  } catch (error) {
    for (const name of running.keys()) await end(name, 'SIGKILL');
    const said = cluster.logs();
    rmSync(directory, { recursive: true });
    throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
  }
  return cluster;
}

/** For hooks and benches, which have no expect.poll(). */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const late = Date.now() + 90_000;
  while (!(await isTrue())) {
    if (Date.now() > late) throw new Error(`in vain: ${what}`);
    await pause(100);
  }
}

/** Whether the controller and both nodes respond. */
function isUp(cluster: TestCluster): boolean {
  try {
    const states = cluster
      .run('sinfo', ['--noheader', '--Node', '--partition=main', '--format=%N %T'])
      .split('\n');
    return states.length === 2 && states.every((line) => /^n\d (?:idle|mixed|allocated)$/.test(line));
  } catch {
    return false;
  }
}

function isAlive(child: ChildProcess | undefined): child is ChildProcess {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

/** A control group is busy until the kernel has reaped the last process of it. */
function removeEmpty(path: string): boolean {
  try {
    if (existsSync(path)) rmdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

function becoming(user: string): string[] {
  const account = findAccount(user);
  if (account === null) throw new Error(`there is no account ${user}`);
  const { uid, gid } = account;
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--'];
}

/** For task/cgroup, when a test sets it. */
const cgroupConfiguration = `CgroupPlugin=cgroup/v1
ConstrainRAMSpace=yes
`;

function configuration(
  directory: string,
  ports: Record<'control' | 'n1' | 'n2', number>,
  more: string,
): string {
  const host = hostname().split('.')[0];
  // plenty of CPUs and memory: sharing a node is not under test
  const node = (name: 'n1' | 'n2') =>
    `NodeName=${name} NodeAddr=127.0.0.1 NodeHostname=${host} Port=${ports[name]} CPUs=64 RealMemory=8000`;
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${ports.control}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${directory}/munge/socket
StateSaveLocation=${directory}/state
SlurmdSpoolDir=${directory}/%n
SlurmctldPidFile=${directory}/slurmctld.pid
SlurmdPidFile=${directory}/%n.pid
SlurmctldLogFile=${directory}/slurmctld.log
SlurmdLogFile=${directory}/%n.log
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,bf_interval=1
ReturnToService=2
KillWait=3
MinJobAge=300
SlurmdTimeout=5
MessageTimeout=3
InactiveLimit=0
OverTimeLimit=0
${node('n1')}
${node('n2')}
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
${more}
`;
}
