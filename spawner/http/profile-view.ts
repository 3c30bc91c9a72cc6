// How a profile looks to a hub that offers it to a user: what there is to choose, what is free of it now, and nothing of
// how it is run. Not here: to whom it is offered (requests/offered-profiles.ts), counting (servers/admission.ts).
import { z } from 'zod';
import type { Profile, ProfileOption } from '../../config/load.ts';
import { defaultFor, offeredChoices } from '../requests/offered-profiles.ts';
import type { Person } from '../requests/person.ts';
import type { CountFree } from '../servers/admission.ts';

/** Of what there is a limited number, how many are free, and how many a server needs. */
const freeSchema = z.array(
  z.object({ what: z.enum(['gpus', 'servers']), free: z.int(), total: z.int(), needed: z.int() }),
);

const offeredChoiceSchema = z.object({
  name: z.string(),
  /** For people; the name when it has none. */
  title: z.string(),
  description: z.string(),
  free: freeSchema,
});

/** As in the configuration, where each field is described. memory is in GiB. */
const offeredOptionSchema = z.object({
  name: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  type: z.enum(['choice', 'number', 'text', 'boolean', 'memory', 'cpus']),
  /** The names of the choices that are offered. */
  choices: z.array(z.string()),
  choice_details: z.array(offeredChoiceSchema).meta({ description: 'The same choices, for people.' }),
  other: z
    .object({ title: z.string(), description: z.string(), pattern: z.string() })
    .nullable()
    .meta({ description: 'A text that may be written in the place of a choice; null: none.' }),
  min: z.number().nullable(),
  max: z.number().nullable(),
  pattern: z.string().nullable(),
  default: z.union([z.string(), z.number(), z.boolean()]).nullable(),
});

export const offeredProfileSchema = z.object({
  name: z.string(),
  /** For people; the name when it has none. */
  title: z.string(),
  description: z.string(),
  options: z.array(offeredOptionSchema),
  free: freeSchema.meta({
    description:
      'What is free now of what its servers need, when they need something of which there is a number.',
  }),
  host: z.ipv4().nullable().meta({
    description: 'The address at which its servers will be reachable; null: not known before one runs.',
  }),
});
export type OfferedProfile = z.infer<typeof offeredProfileSchema>;

export interface ProfileViewInput {
  readonly person: Person;
  /** Where servers of this machine are forwarded. */
  readonly hostAddress: string;
  readonly countFree: CountFree;
}

export function profileView(
  profile: Profile,
  { person, hostAddress, countFree }: ProfileViewInput,
): OfferedProfile {
  const { name, title, description, options, launcher, resources } = profile;
  return {
    ...{ name, title, description },
    host: launcher === 'local' ? hostAddress : null,
    free: [...countFree.gpus(resources.gpus), ...countFree.servers(profile)],
    options: options.map((option) => optionView(option, person, countFree)).filter(hasSomethingToChoose),
  };
}

function optionView(
  option: ProfileOption,
  person: Person,
  countFree: CountFree,
): OfferedProfile['options'][number] {
  const { name, title, description, type, min, max, pattern, other } = option;
  const choices = offeredChoices(option, person);
  return {
    ...{ name, title, description, type, min, max, pattern },
    choices: choices.map((choice) => choice.name),
    choice_details: choices.map((choice) => ({
      name: choice.name,
      title: choice.title ?? choice.name,
      description: choice.description,
      free: countFree.gpus(choice.sets.resources.gpus ?? 0),
    })),
    other:
      other === null ? null : { title: other.title, description: other.description, pattern: other.pattern },
    default: defaultFor(option, person),
  };
}

/** Not so an option whose choices are all for others. */
function hasSomethingToChoose({ type, choices, other }: OfferedProfile['options'][number]): boolean {
  return type !== 'choice' || choices.length > 0 || other !== null;
}
