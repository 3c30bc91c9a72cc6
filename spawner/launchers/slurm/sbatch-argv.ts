// The arguments of sbatch for one server. Pure. Not here: the script on its standard input (job-script.ts).
import type { Profile } from '../../../config/load.ts';
import type { JobField } from '../../../config/schema/profile/job.ts';

export interface SbatchRequest {
  /** The name of the job, from jobName(). */
  readonly name: string;
  readonly job: Profile['slurm'];
  /** The user's choices, which replace the profile's fields. */
  readonly chosen: Readonly<Partial<Record<JobField, string>>>;
  readonly home: string;
}

const optionOf: Readonly<Record<JobField, string>> = {
  partition: '--partition',
  account: '--account',
  qos: '--qos',
  time: '--time',
  cpus: '--cpus-per-task',
  memory: '--mem',
  gres: '--gres',
  constraint: '--constraint',
  reservation: '--reservation',
};

/** Contains no secret: every account of the cluster can read the options of a job. */
export function sbatchArgv({ name, job, chosen, home }: SbatchRequest): string[] {
  const fields = (Object.keys(optionOf) as JobField[]).flatMap((field) => {
    const value = chosen[field] ?? job[field];
    return value === null ? [] : [`${optionOf[field]}=${value}`];
  });
  return [
    '--parsable',
    `--job-name=${name}`,
    // a server that restarts on another node has lost the user's data in memory
    '--no-requeue',
    // the output goes to the service; a file would need a directory that is writable on every node
    ...['--output=/dev/null', '--error=/dev/null', '--open-mode=append'],
    `--chdir=${home}`,
    ...['--nodes=1', '--ntasks=1'],
    ...fields,
    ...job.options,
  ];
}

/** The name by which a job is found if the service was killed before it saved the job's number. */
export function jobName(recordId: string): string {
  return `portwrap-${recordId}`;
}
