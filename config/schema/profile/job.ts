// The keys below `slurm` of a profile: the job in which its servers run. The terms are those of sbatch(1).
// Not here: access to the cluster (../slurm.ts), building the command (spawner/launchers/slurm/).
import { z } from 'zod';

/** The fields that an option of the profile can let users choose, with the values that Slurm accepts. */
export const jobFields = {
  partition: /^[A-Za-z0-9_.,-]{1,256}$/,
  account: /^[A-Za-z0-9_.-]{1,256}$/,
  qos: /^[A-Za-z0-9_.-]{1,256}$/,
  time: /^(?:\d{1,7}|(?:\d{1,4}-)?\d{1,3}:\d{1,2}(?::\d{1,2})?|\d{1,4}-\d{1,2})$/,
  cpus: /^[1-9]\d{0,5}$/,
  memory: /^[1-9]\d{0,8}[KMGT]?$/,
  gres: /^[A-Za-z0-9_.,:=*/-]{1,256}$/,
  constraint: /^[A-Za-z0-9_.,&|*()[\]!-]{1,256}$/,
  reservation: /^[A-Za-z0-9_.,-]{1,256}$/,
} as const;

export type JobField = keyof typeof jobFields;
export const jobFieldNames = Object.keys(jobFields) as [JobField, ...JobField[]];

/** Options that would break finding the job, its command, or access to its output. */
const ours = [
  ...[
    'array',
    'batch',
    'chdir',
    'cluster-constraint',
    'clusters',
    'comment',
    'error',
    'export',
    'export-file',
  ],
  ...['get-user-env', 'gid', 'help', 'ignore-pbs', 'input', 'job-name', 'no-requeue', 'open-mode', 'output'],
  ...['parsable', 'quiet', 'requeue', 'test-only', 'uid', 'usage', 'verbose', 'version', 'wait', 'wrap'],
];

function field(name: JobField, description: string, example: string) {
  const rule = { error: `must be a valid value of sbatch --${name}` };
  return z
    .string()
    .regex(jobFields[name], rule)
    .nullable()
    .default(null)
    .meta({
      description,
      examples: [example],
    });
}

/** YAML reads the value as a number if it has no quotes. */
function countField(name: JobField, description: string, example: string | number) {
  const rule = { error: `must be a valid value of sbatch --${name}` };
  return z
    .union([z.string(), z.int().min(0).max(999_999_999)])
    .refine((value) => jobFields[name].test(String(value)), rule)
    .nullable()
    .default(null)
    .meta({ description, examples: [example] });
}

export const jobSchema = z
  .strictObject({
    partition: field(
      'partition',
      "The partition. null, here and below: the cluster's default.",
      'interactive',
    ),
    account: field('account', 'The account that is charged.', 'physics'),
    qos: field('qos', 'The quality of service.', 'jupyter'),
    time: countField(
      'time',
      'The time limit, in minutes or as D-HH:MM:SS (hours, minutes, seconds). The server ends with it, and its log says so before.',
      '08:00:00',
    ),
    cpus: countField('cpus', 'CPUs of the job (--cpus-per-task).', 2),
    memory: countField(
      'memory',
      'Memory of the job (--mem), such as 4G; a value without a letter is in megabytes.',
      '4G',
    ),
    gres: field('gres', 'Generic resources.', 'gpu:1'),
    constraint: field('constraint', 'Features that the node must have.', 'rack1'),
    reservation: field('reservation', 'A reservation of nodes for a course or a group.', 'course'),
    options: z
      .array(
        z
          .string()
          .regex(/^--[a-z][a-z-]*(?:=[^\0\n]*)?$/, { error: 'must be --OPTION or --OPTION=VALUE' })
          .refine((text) => !ours.includes(/^--([a-z-]+)/.exec(text)?.[1] ?? ''), {
            error: 'is an option that the service sets itself, or that would break it',
          }),
      )
      .max(64)
      .default([])
      .meta({
        description: 'Further options of sbatch. Users cannot change these.',
        examples: [['--exclusive=user']],
      }),
    host_interface: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]{1,15}$/, { error: 'must be the name of a network interface' })
      .nullable()
      .default(null)
      .meta({
        description:
          'The network interface of the node at which the server is forwarded. null: the one from which the node reaches slurm.report_url. Needs slurm.node_networks.',
        examples: ['ib0'],
      }),
    queue_timeout: z
      .number()
      .min(1)
      .max(2_592_000)
      .nullable()
      .default(null)
      .meta({
        description:
          'Seconds that a job may wait in the queue before it is cancelled, across restarts of the service. null: as long as the hub waits (its start_timeout).',
        examples: [900],
      }),
  })
  .prefault({})
  .meta({
    description:
      'With launcher slurm: the job in which a server runs. The names and values are those of sbatch.',
  });
