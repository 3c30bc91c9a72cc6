// The keys below `profiles[].options`: options that a user can set at a start. The value reaches the server as an
// environment variable; types memory and cpus also set its limits, and an option can set a field of its Slurm job. A
// choice can set several values of the profile. Not here: the choices (choices.ts), validation of what a user has chosen
// (spawner/requests/user-options.ts).
import { z } from 'zod';
import { uniqueNames } from '../values/item-name.ts';
import { titleText } from '../values/title.ts';
import { choicesSchema, isPattern, otherSchema } from './choices.ts';
import { jobFieldNames } from './job.ts';
import { isReserved } from './program.ts';
import { placesOfValue, setsAnything } from './sets.ts';

const optionSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 of A-Z a-z 0-9 _ -' })
      .refine((name) => name !== 'profile', { error: 'must not be "profile", which chooses the profile' })
      .meta({ description: 'The name in user_options.', examples: ['size'] }),
    title: titleText
      .nullable()
      .default(null)
      .meta({
        description: 'The label of the field. null: the description, or the name.',
        examples: ['Size'],
      }),
    description: z
      .string()
      .max(1000)
      .default('')
      .meta({
        description: 'What people read about it when they choose.',
        examples: ['How large the data is'],
      }),
    variable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be a name of letters, digits and "_"' })
      .refine((name) => !isReserved(name), {
        error: 'must not be a variable that decides how programs are loaded, or one of JupyterHub',
      })
      .nullable()
      .default(null)
      .meta({
        description:
          'The environment variable that holds the value in the server. The types memory and cpus need none: MEM_LIMIT (in bytes) and CPU_LIMIT always hold the limits of the server. The other types need one, or slurm, or choices that set something.',
        examples: ['DATA_SIZE'],
      }),
    slurm: z
      .enum(jobFieldNames)
      .nullable()
      .default(null)
      .meta({
        description:
          'With launcher slurm: the field of the job that gets the value, instead of the one in the profile. Limit it with choices, min and max.',
        examples: ['cpus'],
      }),
    type: z.enum(['choice', 'number', 'text', 'boolean', 'memory', 'cpus']).default('choice').meta({
      description:
        'What the value is; a boolean arrives as "true" or "false". memory (in GiB) and cpus are numbers that replace the limit in resources; they need min and max.',
    }),
    choices: choicesSchema,
    other: otherSchema,
    min: z
      .number()
      .min(-1_000_000_000)
      .max(1_000_000_000)
      .nullable()
      .default(null)
      .meta({
        description: 'With type number, memory or cpus: the smallest value. null: any.',
        examples: [1],
      }),
    max: z
      .number()
      .min(-1_000_000_000)
      .max(1_000_000_000)
      .nullable()
      .default(null)
      .meta({
        description: 'With type number, memory or cpus: the largest value. null: any.',
        examples: [16],
      }),
    pattern: z
      .string()
      .max(256)
      .refine(isPattern, { error: 'must be a regular expression' })
      .nullable()
      .default(null)
      .meta({
        description:
          'With type text: a regular expression that the whole value (at most 256 characters) must match. null: any printable text.',
        examples: ['[a-z]{1,16}'],
      }),
    default: z
      .union([z.string().max(256), z.number(), z.boolean()])
      .nullable()
      .default(null)
      .meta({
        description:
          'The value when the user chose none: of a choice its name. null: the variable is then not set. A user to whom the default choice is not offered gets the first one that is.',
        examples: ['small'],
      }),
  })
  .superRefine((option, ctx) => {
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    const limit = isLimit(option.type);
    if (limit && (option.min === null || option.max === null || option.min < leastLimit)) {
      refuse(
        ['min'],
        `must be at least ${leastLimit}, with max beside it: a user must not choose without bounds`,
      );
    }
    const isUsed = limit || option.variable !== null || option.slurm !== null;
    const { choices, other } = option;
    if (!isUsed && !choices.some(({ sets }) => setsAnything(sets)) && other === null)
      refuse(['variable'], 'is required, or slurm; otherwise the value is not used');
    if (!isUsed && other !== null && placesOfValue(other.sets) === 0)
      refuse(
        ['other', 'sets'],
        'must contain {value}, or the option needs a variable; otherwise the text is not used',
      );
    if (option.type === 'choice' && choices.length === 0) refuse(['choices'], 'must have a value to choose');
    if (option.type !== 'choice' && other !== null) refuse(['other'], 'must be null without type choice');
    const names = choices.map((choice) => choice.name);
    const fallback = option.default;
    if (option.type === 'choice' && fallback !== null && !names.includes(String(fallback)))
      refuse(['default'], `must be one of ${names.join(', ')}`);
    if (option.min !== null && option.max !== null && option.min > option.max) {
      refuse(['min'], 'must not be larger than max');
    }
  });

export const optionsSchema = z
  .array(optionSchema)
  .max(64)
  .superRefine(uniqueNames, { when: () => true })
  .default([])
  .meta({
    description:
      'What a user may choose at a start (user_options). Each value is checked, and reaches the server as one environment variable, or its Slurm job as one field; a choice may set several values of the profile. They apply in the order of this list. An option that is not listed is refused.',
    examples: [
      [
        {
          name: 'size',
          variable: 'DATA_SIZE',
          choices: [
            {
              name: 'small',
              title: 'Small',
              description: 'Starts at once',
              sets: { resources: { memory: '2G', cpus: 1 } },
            },
          ],
        },
      ],
    ],
    default: [],
  });

/** Whether the value is a limit of the server. */
export function isLimit(type: string): type is 'memory' | 'cpus' {
  return type === 'memory' || type === 'cpus';
}

/** Both 0.02 GiB and 0.02 CPUs are above the minimum of a control group. */
const leastLimit = 0.02;
