// The arguments of sbatch for one server. Pure. Not here: the script on its standard input (job-script.ts).
import type { Profile } from '../../../config/load.ts';
import type { JobField } from '../../../config/schema/job.ts';

export interface SbatchRequest {
  /** Names the job; jobName() makes it from a record's id. */
  readonly name: string;
  readonly job: Profile['slurm'];
  /** What the user has chosen in place of the profile's fields. */
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

/** Nothing in it is secret: everybody on the cluster may read what a job asked for. */
export function sbatchArgv({ name, job, chosen, home }: SbatchRequest): string[] {
  const fields = (Object.keys(optionOf) as JobField[]).flatMap((field) => {
    const value = chosen[field] ?? job[field];
    return value === null ? [] : [`${optionOf[field]}=${value}`];
  });
  return [
    '--parsable',
    `--job-name=${name}`,
    // a server that begins again elsewhere is another server: its user has lost what it held
    '--no-requeue',
    // its output goes to the service; a file would need a directory that every node can write
    ...['--output=/dev/null', '--error=/dev/null', '--open-mode=append'],
    `--chdir=${home}`,
    ...['--nodes=1', '--ntasks=1'],
    ...fields,
    ...job.options,
  ];
}

/** By its name a job is found whose number a killed service could not write down. */
export function jobName(recordId: string): string {
  return `portwrap-${recordId}`;
}
