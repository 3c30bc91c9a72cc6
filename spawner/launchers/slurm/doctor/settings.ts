// Checks the settings of slurm.conf that affect a server's user: how long a job waits although a node is free, and how
// long the end of a job stays known, whether its usage is known. Pure. Not here: reading them
// (launchers/slurm/scheduler/commands.ts).
import { type Check, ok, warning } from '../../../../portwrap/index.ts';
import { samplesUsage } from '../scheduler/sstat.ts';

/** slurm.conf(5): seconds. */
const defaultDelay = 3;
const defaultMinJobAge = 300;

/** `settings`: by their names in `scontrol show config`. `interval`: seconds between two polls of the queue. */
export function checkSettings(settings: ReadonlyMap<string, string>, interval: number): Check[] {
  return [checkDelay(settings), checkAccounts(settings, interval), checkUsage(settings)];
}

function checkDelay(settings: ReadonlyMap<string, string>): Check {
  const given = /(?:^|,)batch_sched_delay=(\d+)/.exec(settings.get('SchedulerParameters') ?? '')?.[1];
  const delay = given === undefined ? defaultDelay : Number(given);
  const what = `batch_sched_delay is ${delay}${given === undefined ? ', the default' : ''}`;
  if (delay === 0) return ok('start delay', what);
  return warning(
    'start delay',
    what,
    `Slurm lets a job wait for up to ${delay + 1} s before it tries to start it, even when a node is free.`,
    'Add batch_sched_delay=0 to SchedulerParameters in slurm.conf, unless very many jobs are submitted every second.',
  );
}

function checkAccounts(settings: ReadonlyMap<string, string>, interval: number): Check {
  const type = settings.get('AccountingStorageType') ?? '(null)';
  if (!/^(?:accounting_storage\/none|\(null\))?$/.test(type))
    return ok('accounting', `sacct is served by ${type}`);
  const age = Number(/^\d+/.exec(settings.get('MinJobAge') ?? '')?.[0] ?? defaultMinJobAge);
  const what = `there is no accounting database, and MinJobAge is ${age} s`;
  // two polls that miss it, and one that is late
  if (age >= interval * 4) return ok('accounting', what);
  return warning(
    'accounting',
    what,
    'The controller may forget an ended job before the service has read how it ended (JOB_GONE).',
    'Set MinJobAge in slurm.conf to 300, or run slurmdbd.',
  );
}

function checkUsage(settings: ReadonlyMap<string, string>): Check {
  const type = settings.get('JobAcctGatherType') ?? '(null)';
  if (samplesUsage(settings)) return ok('usage', `sampled by ${type}`);
  return warning(
    'usage',
    `JobAcctGatherType is ${type}`,
    'Slurm does not sample what jobs use: the admin page shows neither memory nor CPU of their servers.',
    'Set JobAcctGatherType in slurm.conf to jobacct_gather/cgroup or jobacct_gather/linux.',
  );
}
