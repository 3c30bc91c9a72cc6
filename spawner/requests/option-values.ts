// The check of one value of an option that a user has sent: a form sends text, a script sends numbers. Values of choices
// are checked in user-options.ts. Not here: what the value does.
import { PortwrapError } from '../../config/errors.ts';
import type { ProfileOption } from '../../config/load.ts';
import { type JobField, jobFields } from '../../config/schema/profile/job.ts';

export type Value = string | number | boolean;

const longestText = 256;
const gibibyte = 2 ** 30;

/** The value as text, memory in bytes. Throws OPTION_INVALID naming the option and the rule, never the value. */
export function textOf(option: ProfileOption, value: Value): string {
  switch (option.type) {
    case 'choice':
      return String(value);
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

/** Throws OPTION_INVALID. `pattern`: of the whole text; null: any. */
export function checkedText(
  { name, pattern }: Pick<ProfileOption, 'name' | 'pattern'>,
  value: Value,
): string {
  if (typeof value !== 'string') throw refused(name, 'must be text');
  if (value.length > longestText) throw refused(name, `must have at most ${longestText} characters`);
  if (/\p{Cc}/u.test(value)) throw refused(name, 'must not contain control characters');
  if (pattern !== null && !new RegExp(`^(?:${pattern})$`, 'u').test(value))
    throw refused(name, `must match ${pattern}`);
  return value;
}

export function checkedField(name: string, field: JobField, text: string): string {
  if (!jobFields[field].test(text)) throw refused(name, `must be a valid sbatch value for ${field}`);
  return text;
}

export function refused(name: string, rule: string): PortwrapError {
  return new PortwrapError('OPTION_INVALID', `the option "${name}" ${rule}`);
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
