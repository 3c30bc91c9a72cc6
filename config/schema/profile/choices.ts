// The keys below `choices` and `other` of an option: what users choose among, and what each choice sets.
// Not here: the option (options.ts), the check of what a user has chosen (spawner/requests/user-options.ts).
import { z } from 'zod';
import { uniqueNames } from '../values/item-name.ts';
import { titleText } from '../values/title.ts';
import { audienceShape } from './audience.ts';
import { otherSetsSchema, setsSchema } from './sets.ts';

const name = z.string().min(1).max(256).regex(/^[^:]/, { error: 'must not begin with ":"' });

const choiceSchema = z.strictObject({
  name: name.meta({
    description: 'The value in user_options, in variable and in slurm. It must not begin with ":".',
    examples: ['large'],
  }),
  title: titleText
    .nullable()
    .default(null)
    .meta({ description: 'What people see instead of the name. null: the name.', examples: ['Large'] }),
  description: z
    .string()
    .max(1000)
    .default('')
    .meta({
      description: 'What people read about it when they choose.',
      examples: ['For data that needs room'],
    }),
  ...audienceShape('this choice'),
  sets: setsSchema,
});

/** A choice that is only text is a name. */
export const choicesSchema = z
  .array(
    z.union([name.transform((text) => choiceSchema.parse({ name: text })), choiceSchema], {
      error: 'must be text, or a mapping with a name',
    }),
  )
  .max(256)
  .superRefine(uniqueNames, { when: () => true })
  .default([])
  .meta({
    description:
      'With type choice: what users choose among, each a text or a mapping. One choice may set several values of the profile.',
    examples: [
      [
        {
          name: 'small',
          title: 'Small',
          description: 'Starts at once',
          sets: { resources: { memory: '2G', cpus: 1 } },
        },
      ],
    ],
    default: [],
  });

export const otherSchema = z
  .strictObject({
    title: titleText.default('Other').meta({ description: 'What people see beside the field for the text.' }),
    description: z
      .string()
      .max(1000)
      .default('')
      .meta({
        description: 'What people read about it, such as which texts are accepted.',
        examples: ['A project, in small letters'],
      }),
    pattern: z
      .string()
      .min(1)
      .max(256)
      .refine(isPattern, { error: 'must be a regular expression' })
      .meta({
        description: 'A regular expression that the whole text (at most 256 characters) must match.',
        examples: ['[a-z]{2,16}'],
      }),
    sets: otherSetsSchema,
  })
  .nullable()
  .default(null)
  .meta({
    description:
      'With type choice: one more choice, a text that the user writes. The text is the value of the option, and goes where sets has {value}. null: users choose among choices only.',
    examples: [
      {
        title: 'Another project',
        description: 'Two to sixteen small letters',
        pattern: '[a-z]{2,16}',
        sets: { environment: { PROJECT: '{value}' } },
      },
    ],
  });

export function isPattern(text: string): boolean {
  try {
    return new RegExp(`^(?:${text})$`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
