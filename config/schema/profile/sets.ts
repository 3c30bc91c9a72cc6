// The keys below `sets`: what one choice of an option changes in its profile, for the server that is started.
// Not here: the choices (choices.ts), which choices a launcher can have (fit.ts).
import { z } from 'zod';
import { pathTemplate } from '../values/path-template.ts';
import { jobFieldNames, jobFields } from './job.ts';
import { command, environment, isReserved, searchPath } from './program.ts';
import { resourceValues, softLimitIsBelow } from './resources.ts';

/** Stands for the text that a user has written, in what `other` sets. */
export const valuePlaceholder = '{value}';

const resources = z
  .strictObject({
    memory: instead('memory', resourceValues.memory, '8G'),
    memory_high: instead('memory_high', resourceValues.memory_high, '6G'),
    cpus: instead('cpus', resourceValues.cpus, 4),
    processes: instead('processes', resourceValues.processes, 1000),
    cpu_weight: instead('cpu_weight', resourceValues.cpu_weight, 200),
    io_weight: instead('io_weight', resourceValues.io_weight, 50),
    nice: instead('nice', resourceValues.nice, 5),
    gpus: instead('gpus', resourceValues.gpus, 1),
  })
  .superRefine(softLimitIsBelow)
  .prefault({})
  .meta({ description: 'Limits and shares, in the place of those of the profile. Not with launcher slurm.' });

const path = searchPath
  .nullable()
  .default(null)
  .meta({
    description:
      'The directories in PATH, in the place of those of the profile and of the hub. null: unchanged.',
    examples: [['/opt/r-4/bin', '/usr/local/bin', '/usr/bin', '/bin']],
  });

const slurm = z
  .partialRecord(z.enum(jobFieldNames), z.union([z.string(), z.int()]))
  .superRefine((fields, ctx) => {
    for (const name of jobFieldNames) {
      const value = fields[name];
      if (value === undefined || jobFields[name].test(String(value))) continue;
      ctx.addIssue({ code: 'custom', path: [name], message: `must be a valid value of sbatch --${name}` });
    }
  })
  .default({})
  .meta({
    description:
      'With launcher slurm: fields of the job, by their names in slurm of the profile, in the place of its own.',
    examples: [{ gres: 'gpu:1' }],
  });

export const setsSchema = z
  .strictObject({ resources, ...programShape([]), path, slurm })
  .prefault({})
  .meta({ description: 'What this choice changes in the profile.' });

/** What a text that a user writes changes. */
export const otherSetsSchema = z
  .strictObject(programShape(['value']))
  .superRefine((sets, ctx) => {
    const refuse = (at: PropertyKey[], message: string) =>
      ctx.addIssue({ code: 'custom', path: at, message });
    for (const [variable, text] of Object.entries(sets.environment))
      if (text.includes(valuePlaceholder) && isReserved(variable))
        refuse(['environment', variable], 'must not be chosen by users: it decides how programs are loaded');
    if (sets.command?.[0]?.includes(valuePlaceholder))
      refuse(['command', 0], `must not contain ${valuePlaceholder}: users do not choose the program`);
    if (placesOfValue(sets) > 1) refuse([], `must contain ${valuePlaceholder} once`);
  })
  .prefault({})
  .meta({
    description:
      'What it changes in the profile. {value} stands for the text, once: in a variable of environment, in an argument of command, or in working_directory.',
  });

export type Sets = z.output<typeof setsSchema>;
export type OtherSets = z.output<typeof otherSetsSchema>;

/** How often it contains {value}. */
export function placesOfValue({ environment, command, working_directory: directory }: OtherSets): number {
  const texts = [...Object.values(environment), ...(command ?? []), directory ?? ''];
  return texts.reduce((count, text) => count + text.split(valuePlaceholder).length - 1, 0);
}

/** Whether it changes anything. */
export function setsAnything({ resources, ...others }: Sets): boolean {
  const values = [...Object.values(resources), ...Object.values(others)];
  return values.some(
    (value) => value !== null && (typeof value !== 'object' || Object.keys(value).length > 0),
  );
}

function instead<T extends z.ZodType>(name: string, value: T, example: string | number) {
  return value
    .nullable()
    .default(null)
    .meta({
      description: `The value in the place of resources.${name} of the profile. null: unchanged.`,
      examples: [example],
    });
}

/** `placeholders` are those that the working directory may contain beside {username} and {home}. */
function programShape(placeholders: readonly 'value'[]) {
  return {
    environment: environment.default({}).meta({
      description:
        'Environment variables, name: value, both text. They take the place of those of the profile and of the hub.',
      examples: [{ JUPYTERHUB_DEFAULT_URL: '/rstudio' }],
    }),
    command: command
      .nullable()
      .default(null)
      .meta({
        description:
          'The program and its arguments, in the place of those of the profile and of c.Spawner.cmd. null: unchanged.',
        examples: [['jupyterhub-singleuser', '--LabApp.collaborative=True']],
      }),
    working_directory: pathTemplate({
      placeholders: ['username', 'home', ...placeholders],
      required: [],
      start: '/ or {home}',
    })
      .nullable()
      .default(null)
      .meta({
        description: 'Where a server begins, as working_directory of the profile. null: unchanged.',
        examples: ['/data/{username}'],
      }),
  } as const;
}
