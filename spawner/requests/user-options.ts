// What a user chose at a start, checked against what the profile offers: environment variables, job fields, and
// limits in the place of the profile's. Users send anything: a form sends lists of text, a script sends numbers.
// Not here: the offer (config/schema/options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Profile, ProfileOption } from '../../config/load.ts';
import { type JobField, jobFields } from '../../config/schema/job.ts';
import type { StartRequest } from './start-request.ts';

type Chosen = StartRequest['user_options'];
type Value = string | number | boolean;

const longestText = 256;

export interface ChosenOptions {
  /** Variables of the server's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Limits that take the place of the profile's. */
  readonly resources: Partial<Pick<Profile['resources'], 'memory' | 'cpus'>>;
  /** Fields of its Slurm job. */
  readonly job: Readonly<Partial<Record<JobField, string>>>;
}

/** Throws OPTION_INVALID naming the option and the rule, never the value. */
export function chosenOptions(options: readonly ProfileOption[], chosen: Chosen): ChosenOptions {
  for (const name of Object.keys(chosen)) {
    if (!options.some((option) => option.name === name)) throw refused(name, 'is not one of this profile');
  }
  const environment: Record<string, string> = {};
  const resources: { memory?: string; cpus?: number } = {};
  const job: Partial<Record<JobField, string>> = {};
  for (const option of options) {
    const own = Object.hasOwn(chosen, option.name) ? chosen[option.name] : undefined;
    const value = single(option, own) ?? option.default;
    if (value === null) continue;
    const text = textOf(option, value);
    if (option.variable !== null) environment[option.variable] = text;
    if (option.type === 'memory') resources.memory = text;
    if (option.type === 'cpus') resources.cpus = Number(text);
    if (option.slurm !== null) job[option.slurm] = checkedField(option.name, option.slurm, text);
  }
  return { environment, resources, job };
}

const gibibyte = 2 ** 30;

function checkedField(name: string, field: JobField, text: string): string {
  if (!jobFields[field].test(text)) throw refused(name, `must be a valid sbatch value for ${field}`);
  return text;
}

/** A form sends a list with one item, and an empty text for a field that was left empty. */
function single({ name }: ProfileOption, value: Chosen[string] | undefined): Value | null {
  const [first = null, ...others] = Array.isArray(value) ? value : [value];
  if (others.length > 0) throw refused(name, 'must be one value');
  return first === '' ? null : first;
}

function textOf(option: ProfileOption, value: Value): string {
  switch (option.type) {
    case 'choice':
      return checkedChoice(option, String(value));
    case 'number':
    case 'cpus':
      return String(checkedNumber(option, value));
    case 'memory':
      return String(Math.floor(checkedNumber(option, value) * gibibyte));
    case 'boolean':
      return checkedBoolean(option, String(value));
    case 'text':
      return checkedText(option, value);
  }
}

function checkedChoice({ name, choices }: ProfileOption, value: string): string {
  if (!choices.includes(value)) throw refused(name, `must be one of ${choices.join(', ')}`);
  return value;
}

function checkedNumber({ name, min, max }: ProfileOption, value: Value): number {
  const written = typeof value === 'string' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value.trim());
  const number = typeof value === 'number' || written ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) throw refused(name, 'must be a number');
  if (min !== null && number < min) throw refused(name, `must be at least ${min}`);
  if (max !== null && number > max) throw refused(name, `must be at most ${max}`);
  return number;
}

function checkedBoolean({ name }: ProfileOption, value: string): string {
  const meaning = meanings.get(value);
  if (meaning === undefined) throw refused(name, 'must be true or false');
  return meaning;
}

/** A form sends "on" for a box that is ticked. */
const meanings = new Map([
  ['true', 'true'],
  ['on', 'true'],
  ['false', 'false'],
  ['off', 'false'],
]);

function checkedText({ name, pattern }: ProfileOption, value: Value): string {
  if (typeof value !== 'string') throw refused(name, 'must be text');
  if (value.length > longestText) throw refused(name, `must have at most ${longestText} characters`);
  if (/\p{Cc}/u.test(value)) throw refused(name, 'must not contain control characters');
  if (pattern !== null && !new RegExp(`^(?:${pattern})$`, 'u').test(value))
    throw refused(name, `must match ${pattern}`);
  return value;
}

function refused(name: string, rule: string): PortwrapError {
  return new PortwrapError('OPTION_INVALID', `the option "${name}" ${rule}`);
}
