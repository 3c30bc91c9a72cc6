// What a configuration may say of choices: texts and mappings, what they set, the text beside them, and to whom they are offered.
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../config/errors.ts';
import { parseConfig } from '../../../config/load.ts';

const hub = 'hubs: [{name: hub, token_env: T}]';
const withOption = (option: string, profile = '', more = '') =>
  parseConfig(`${hub}\n${more}\nprofiles: [{name: p, ${profile} options: [{name: size, ${option}}]}]`, 'f');
const problem = (option: string, profile = '', more = '') => {
  try {
    withOption(option, profile, more);
  } catch (error) {
    if (error instanceof PortwrapError) return error.message;
    throw error;
  }
  return '';
};

test('a text is a choice that only has a name', () => {
  const [option] =
    withOption('variable: SIZE, choices: [s, {name: l, title: Large}]').profiles[0]?.options ?? [];
  const [text, mapping] = option?.choices ?? [];
  expect(text).toEqual({ ...mapping, name: 's', title: null });
});

test('a choice that sets something needs no variable, and one that sets nothing does', () => {
  expect(problem('choices: [{name: l, sets: {resources: {memory: 8G}}}]')).toBe('');
  expect(problem('choices: [{name: l, sets: {environment: {A: b}}}]')).toBe('');
  expect(problem('choices: [{name: l, title: Large}]')).toContain(
    'variable: is missing, is required, or slurm',
  );
});

test.each([
  [
    'a misspelled key of a choice',
    'choices: [{name: l, titles: Large}]',
    /choices\[0\]\.titles: is not a known key; did you mean "title"\?/,
  ],
  [
    'a misspelled key of what it sets',
    'choices: [{name: l, sets: {resource: {}}}]',
    /sets\.resource: is not a known key; did you mean "resources"\?/,
  ],
  [
    'a limit that is too small',
    'choices: [{name: l, sets: {resources: {memory: 1M}}}]',
    /choices\[0\]\.sets\.resources\.memory: .*must be a size/,
  ],
  [
    'a number for a choice',
    'variable: S, choices: [3]',
    /choices\[0\]: .*must be text, or a mapping with a name/,
  ],
  [
    'two choices of one name',
    'variable: S, choices: [a, {name: a}]',
    /must differ from the name of item \[0\]/,
  ],
  ['a name that marks a text', 'variable: S, choices: [":other"]', /must not begin with ":"/],
  [
    'a default that is no choice',
    'variable: S, choices: [a, b], default: c',
    /default: is "c", must be one of a, b/,
  ],
  [
    'more GPUs than there are',
    'choices: [{name: l, sets: {resources: {gpus: 2}}}]',
    /choices\[0\]\.sets\.resources\.gpus: .*at most 0/,
  ],
  [
    'a field of a job without Slurm',
    'choices: [{name: l, sets: {slurm: {gres: "gpu:1"}}}]',
    /sets\.slurm: .*launcher: slurm/,
  ],
  [
    'a text without a place',
    'choices: [{name: l, sets: {environment: {A: b}}}], other: {pattern: a}',
    /other\.sets: .*must contain \{value\}/,
  ],
  [
    'a text with two places',
    'variable: S, choices: [a], other: {pattern: a, sets: {environment: {A: "{value}{value}"}}}',
    /must contain \{value\} once/,
  ],
  [
    'a text that chooses the program',
    'variable: S, choices: [a], other: {pattern: a, sets: {command: ["{value}"]}}',
    /users do not choose the program/,
  ],
  [
    'a text in a variable of the loader',
    'variable: S, choices: [a], other: {pattern: a, sets: {environment: {LD_PRELOAD: "{value}"}}}',
    /must not be chosen by users/,
  ],
  [
    'a text without a pattern',
    'variable: S, choices: [a], other: {title: More}',
    /other\.pattern: is missing/,
  ],
  [
    'a text that is no choice',
    'variable: S, type: text, other: {pattern: a}',
    /other: .*must be null without type choice/,
  ],
])('%s is refused where it stands', (_what, option, reason) => {
  expect(problem(option)).toMatch(reason);
});

test('with launcher slurm choices set fields of the job, and no limits', () => {
  const slurm = 'slurm: {report_listen: "10.0.0.1:8096"}';
  const with_ = (sets: string) => problem(`choices: [{name: l, sets: ${sets}}]`, 'launcher: slurm,', slurm);
  expect(with_('{slurm: {gres: "gpu:1", cpus: 4}}')).toBe('');
  expect(with_('{slurm: {cpus: many}}')).toMatch(
    /sets\.slurm\.cpus: .*must be a valid value of sbatch --cpus/,
  );
  expect(with_('{resources: {memory: 8G}}')).toMatch(
    /sets\.resources\.memory: .*must be null with launcher slurm/,
  );
});

test.each(['unix_groups: [gpu],', ''])(
  'groups of the machine need accounts of the machine (%s)',
  (profile) => {
    const option = `variable: S, choices: [{name: a${profile === '' ? ', unix_groups: [gpu]' : ''}}]`;
    expect(problem(option, profile)).toBe('');
    expect(problem(option, profile, 'accounts: {mode: dynamic}')).toContain(
      'unix_groups: must be null with accounts.mode dynamic',
    );
  },
);
