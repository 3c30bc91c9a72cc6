// The keys below `profiles[].options`: options that a user can set at a start. The value reaches the server as an
// environment variable; types memory and cpus also set its limits, and an option can set a field of its Slurm job.
// Not here: validation of values (spawner/requests/user-options.ts).
import { z } from 'zod';
import { jobFieldNames } from './job.ts';
import { uniqueNames } from './values/item-name.ts';

const optionSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 of A-Z a-z 0-9 _ -' })
      .refine((name) => name !== 'profile', { error: 'must not be "profile", which chooses the profile' })
      .meta({ description: 'The name in user_options.', examples: ['size'] }),
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
      .refine((name) => !reserved.test(name), {
        error: 'must not be a variable that decides how programs are loaded, or one of JupyterHub',
      })
      .nullable()
      .default(null)
      .meta({
        description:
          'The environment variable that holds the value in the server. The types memory and cpus need none: MEM_LIMIT (in bytes) and CPU_LIMIT always hold the limits of the server. The other types need one, or slurm.',
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
    choices: z
      .array(z.string().min(1).max(256))
      .default([])
      .meta({ description: 'With type choice: the possible values.', examples: [['small', 'large']] }),
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
        description: 'The value when the user chose none. null: the variable is then not set.',
        examples: ['small'],
      }),
  })
  .superRefine((option, ctx) => {
    const limit = isLimit(option.type);
    if (limit && (option.min === null || option.max === null || option.min < leastLimit)) {
      const message = `must be at least ${leastLimit}, with max beside it: a user must not choose without bounds`;
      ctx.addIssue({ code: 'custom', path: ['min'], message });
    }
    if (!limit && option.variable === null && option.slurm === null) {
      ctx.addIssue({
        code: 'custom',
        path: ['variable'],
        message: 'is required, or slurm; otherwise the value is not used',
      });
    }
    if (option.type === 'choice' && option.choices.length === 0) {
      ctx.addIssue({ code: 'custom', path: ['choices'], message: 'must have a value to choose' });
    }
    if (option.min !== null && option.max !== null && option.min > option.max) {
      ctx.addIssue({ code: 'custom', path: ['min'], message: 'must not be larger than max' });
    }
  });

export const optionsSchema = z
  .array(optionSchema)
  .max(64)
  .superRefine(uniqueNames, { when: () => true })
  .default([])
  .meta({
    description:
      'What a user may choose at a start (user_options). Each value is checked, and reaches the server as one environment variable, or its Slurm job as one field; an option that is not listed is refused.',
    examples: [[{ name: 'size', variable: 'DATA_SIZE', choices: ['small', 'large'] }]],
  });

/** Whether the value is a limit of the server. */
export function isLimit(type: string): type is 'memory' | 'cpus' {
  return type === 'memory' || type === 'cpus';
}

/** Both 0.02 GiB and 0.02 CPUs are above the minimum of a control group. */
const leastLimit = 0.02;

/** A user must not control the code that the dynamic loader, a shell or an interpreter runs first. */
const reserved = /^(?:LD_|JUPYTERHUB_|PYTHON|BASH_ENV$|ENV$|PATH$|HOME$|USER$|LOGNAME$|SHELL$|IFS$)/;

function isPattern(text: string): boolean {
  try {
    return new RegExp(`^(?:${text})$`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
