// What becomes of the settings of BatchSpawner: SlurmSpawner has the launcher slurm, other batch systems have nothing.
import type { Value } from '../read/settings.ts';
import {
  command,
  hubs,
  key,
  none,
  nothing,
  number,
  type Rule,
  type SpawnerRules,
  serviceKey,
  text,
} from './rule.ts';

const own = nothing(
  'the service submits a job of its own as the user, and reads the queue once for all servers',
);
const script = nothing(
  'a script: as a file it can be hooks.before_start or hooks.after_end, which run on the machine of the service; what a login loads comes with login_shell: true',
);

/** "4gb" and "4G" as sbatch has it. */
function memory(value: Value): string | undefined {
  const [, amount, unit = ''] = /^([1-9]\d{0,8})\s*([KMGT]?)(?:i?B)?$/i.exec(String(value).trim()) ?? [];
  return amount === undefined ? undefined : `${amount}${unit.toUpperCase()}`;
}

function count(value: Value): number | undefined {
  const found = number(value);
  return found !== undefined && Number.isInteger(found) ? found : undefined;
}

/** "--exclusive --mail-type END" as a list; a value after a space gets its "=". */
function options(value: Value): readonly string[] | undefined {
  const list: string[] = [];
  for (const word of text(value)?.trim().split(/\s+/) ?? []) {
    const last = list.at(-1);
    if (/^--[a-z]/.test(word)) list.push(word);
    else if (word.startsWith('-') || last === undefined || last.includes('=')) return undefined;
    else list[list.length - 1] = `${last}=${word}`;
  }
  return list.length === 0 ? undefined : list;
}

const gpus: Rule = {
  apply(value, context) {
    if (context.get('req_gres')) return [none('slurm.gres has req_gres')];
    return key('slurm.gres', (one) => (count(one) === undefined ? undefined : `gpu:${count(one)}`)).apply(
      value,
      context,
    );
  },
};

/** What all classes of batchspawner have. */
const common: SpawnerRules['traits'] = {
  cmd: key('command', command),
  start_timeout: hubs('the wait in the queue and the start must fit into it'),
  http_timeout: hubs(),
  mem_limit: nothing('remove it: BatchSpawner does not enforce it; the job has a limit'),
  cpu_limit: nothing('remove it: BatchSpawner does not enforce it; the job has a limit'),
  req_prologue: script,
  req_epilogue: script,
  req_keepvars_extra: hubs('env_keep and environment of c.Spawner say which variables reach the server'),
  batch_script: own,
  batch_submit_cmd: own,
  batch_query_cmd: own,
  batch_cancel_cmd: own,
  exec_prefix: own,
  batchspawner_singleuser_cmd: nothing('the service learns of port and node from the job'),
};

export const slurm: SpawnerRules = {
  otherwise: 'the service submits a job of its own as the user, and reads the queue once for all servers',
  traits: {
    ...common,
    req_partition: key('slurm.partition', text),
    req_account: key('slurm.account', text),
    req_qos: key('slurm.qos', text),
    req_reservation: key('slurm.reservation', text),
    req_gres: key('slurm.gres', text),
    req_runtime: key('slurm.time', text),
    req_memory: key('slurm.memory', memory),
    req_nprocs: key('slurm.cpus', count),
    req_ngpus: gpus,
    req_options: key('slurm.options', options),
    req_queue: nothing('SlurmSpawner does not use it; slurm.partition is the partition'),
    req_host: nothing('slurm.conf names the cluster of the service'),
    req_cluster: nothing('slurm.conf names the cluster of the service'),
    req_srun: nothing('the job runs portwrap, which makes the sandbox'),
    startup_poll_interval: serviceKey(
      'slurm.interval',
      (value) => {
        const seconds = number(value);
        return seconds === undefined ? undefined : Math.min(300, Math.max(0.5, seconds));
      },
      'for all servers; jobs report themselves at once',
    ),
  },
};

const noSystem = 'this batch system has no counterpart: with launcher local the server runs on this machine';

export const otherBatch: SpawnerRules = {
  otherwise: noSystem,
  traits: {
    ...common,
    ...Object.fromEntries(
      ['partition', 'account', 'runtime', 'memory', 'nprocs', 'ngpus', 'options', 'queue', 'host'].map(
        (name) => [`req_${name}`, nothing(noSystem)],
      ),
    ),
    startup_poll_interval: nothing(noSystem),
  },
};
