// What a user chose at a start, checked against what the profile offers: environment variables, job fields, limits, and
// values in the place of the profile's. Users send anything: a form sends lists of text, a script sends numbers.
// Not here: the offer (config/schema/profile/options.ts), the check of a single value (option-values.ts).
import type { Profile, ProfileOption } from '../../config/load.ts';
import { type JobField, jobFieldNames } from '../../config/schema/profile/job.ts';
import { valuePlaceholder } from '../../config/schema/profile/sets.ts';
import { type Choice, defaultFor, didYouMean, offeredChoices } from './offered-profiles.ts';
import { checkedField, checkedText, refused, textOf, type Value } from './option-values.ts';
import type { Person } from './person.ts';
import type { StartRequest } from './start-request.ts';

type Asked = StartRequest['user_options'];
type Sets = Choice['sets'];
type OtherSets = NonNullable<ProfileOption['other']>['sets'];
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface ChosenOptions {
  /** Variables of the server's environment, which win over those of the hub and the profile. */
  readonly environment: Readonly<Record<string, string>>;
  /** Limits that take the place of the profile's. */
  readonly resources: Partial<Profile['resources']>;
  /** Other values that take the place of the profile's. */
  readonly program: Partial<Pick<Profile, 'command' | 'path' | 'working_directory'>>;
  /** Fields of its Slurm job. */
  readonly job: Readonly<Partial<Record<JobField, string>>>;
  /** For people, and for the record: each option that has a value. */
  readonly settings: readonly Setting[];
}

export interface Setting {
  readonly name: string;
  /** The label of the option. */
  readonly title: string;
  /** The title of a choice, or the value as text. */
  readonly value: string;
}

/** The same while it is put together. */
interface Chosen extends ChosenOptions {
  readonly environment: Record<string, string>;
  readonly resources: Writable<ChosenOptions['resources']>;
  readonly program: Writable<ChosenOptions['program']>;
  readonly job: Partial<Record<JobField, string>>;
  readonly settings: Setting[];
}

/** Throws OPTION_INVALID naming the option and the rule, never the value. */
export function chosenOptions(
  options: readonly ProfileOption[],
  asked: Asked,
  person: Person,
): ChosenOptions {
  const names = options.map(({ name }) => name);
  for (const name of Object.keys(asked))
    if (!names.includes(name)) throw refused(name, `is not one of this profile${didYouMean(name, names)}`);
  const chosen: Chosen = { environment: {}, resources: {}, program: {}, job: {}, settings: [] };
  for (const option of options) {
    const own = Object.hasOwn(asked, option.name) ? asked[option.name] : undefined;
    const value = single(option, own) ?? defaultFor(option, person);
    if (value === null) continue;
    const text = textOf(option, value);
    const choice = option.type === 'choice' ? choiceOf(option, text, person) : null;
    if (choice !== null) apply(choice.sets, chosen);
    if (option.variable !== null) chosen.environment[option.variable] = text;
    if (option.type === 'memory') chosen.resources.memory = text;
    if (option.type === 'cpus') chosen.resources.cpus = Number(text);
    if (option.slurm !== null) chosen.job[option.slurm] = checkedField(option.name, option.slurm, text);
    chosen.settings.push({
      name: option.name,
      title: labelOf(option),
      value: choice?.title ?? shown(option, value, text),
    });
  }
  return chosen;
}

export function labelOf({ title, description, name }: ProfileOption): string {
  return title ?? (description || name);
}

function shown({ type }: ProfileOption, value: Value, text: string): string {
  if (type === 'boolean') return text === 'true' ? 'yes' : 'no';
  return type === 'memory' ? `${value} GiB` : String(value);
}

/** A form sends a list with one item, and an empty text for a field that was left empty. */
function single({ name }: ProfileOption, value: Asked[string] | undefined): Value | null {
  const [first = null, ...others] = Array.isArray(value) ? value : [value];
  if (others.length > 0) throw refused(name, 'must be one value');
  return first === '' ? null : first;
}

/** The choice of that name, or what the user has written. A choice that is not offered to them is neither. */
function choiceOf(
  option: ProfileOption,
  text: string,
  person: Person,
): { title: string; sets: Partial<Sets> } {
  const { name, other } = option;
  const offered = offeredChoices(option, person);
  const found = offered.find((choice) => choice.name === text);
  if (found !== undefined) return { title: found.title ?? found.name, sets: found.sets };
  const names = offered.map((choice) => choice.name);
  const isWithheld = option.choices.some((choice) => choice.name === text);
  if (other === null || isWithheld)
    throw refused(name, `must be one of ${names.join(', ')}${didYouMean(text, names)}`);
  const { pattern, sets } = other;
  const written = checkedOther({ name, pattern }, text, names);
  const isPath = sets.working_directory?.includes(valuePlaceholder) ?? false;
  if (isPath && written.split('/').includes('..')) throw refused(name, 'must not contain the directory ".."');
  return { title: written, sets: withText(sets, written) };
}

/** What a user has written in the place of one of the choices, which are `names`. */
function checkedOther(
  rule: { readonly name: string; readonly pattern: string },
  text: string,
  names: readonly string[],
): string {
  try {
    return checkedText(rule, text);
  } catch {
    const offered = names.length === 0 ? 'must be' : `must be one of ${names.join(', ')}, or`;
    throw refused(rule.name, `${offered} a text that matches ${rule.pattern}${didYouMean(text, names)}`);
  }
}

/** With the text in the place of {value}. */
function withText(sets: OtherSets, text: string): OtherSets {
  const filled = (template: string) => template.replaceAll(valuePlaceholder, () => text);
  const { environment, command, working_directory: directory } = sets;
  return {
    environment: Object.fromEntries(
      Object.entries(environment).map(([variable, template]) => [variable, filled(template)]),
    ),
    command: command?.map(filled) ?? null,
    working_directory: directory === null ? null : filled(directory),
  };
}

function apply(sets: Partial<Sets>, chosen: Chosen): void {
  const { resources = {}, environment, path = null, command = null, slurm = {} } = sets;
  const { working_directory: directory = null } = sets;
  const limits = Object.entries(resources).filter(([, value]) => value !== null);
  Object.assign(chosen.resources, Object.fromEntries(limits));
  Object.assign(chosen.environment, environment);
  if (path !== null) chosen.environment.PATH = path.join(':');
  Object.assign(chosen.program, {
    ...(command === null ? {} : { command }),
    ...(path === null ? {} : { path }),
    ...(directory === null ? {} : { working_directory: directory }),
  });
  for (const field of jobFieldNames) {
    const value = slurm[field];
    if (value !== undefined) chosen.job[field] = String(value);
  }
}
