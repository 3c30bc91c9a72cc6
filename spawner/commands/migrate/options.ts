// An option of a profile: what users choose, and what each choice sets, as far as a choice can.
// Not here: where the choices come from (offers/), the rules for what they set (rules/).

import { isPattern } from '../../../config/schema/profile/choices.ts';
import { optionsSchema } from '../../../config/schema/profile/options.ts';
import { otherSetsSchema, setsSchema } from '../../../config/schema/profile/sets.ts';
import { documentOf } from './document.ts';
import { keyName } from './key-name.ts';
import type { OfferChoice, OfferOption, OfferText } from './offers/offer.ts';
import type { Setting, Table, Value } from './read/settings.ts';
import { type Labelled, none, type Outcome, type Placed, type RuleContext, yaml } from './rules/rule.ts';

type OutcomesOf = (setting: Setting, context: Pick<RuleContext, 'get'>) => readonly Outcome[];

/** The option for the YAML; null where it would set nothing. */
export function optionOf(
  option: OfferOption,
  outcomesOf: OutcomesOf,
): { readonly value: Value; readonly told: readonly Labelled[] } {
  const told: Labelled[] = [];
  const choices = option.choices.map((choice) => {
    const sets = setsOf('choice', choice, outcomesOf, told);
    return { name: choice.name, ...wordsOf(choice), ...(isEmpty(sets) ? {} : { sets }) };
  });
  const plain = { name: option.name, ...titled(option.title), default: option.preselected, choices };
  const other = option.text === null ? null : otherOf(option.text, outcomesOf, told);
  const whole = other === null ? plain : { ...plain, other };
  const problem = problemOf(whole);
  if (problem === null) {
    const remark = 'an option with these choices';
    return { value: whole, told: [[option.label, yaml([optionPlace], remark)], ...told] };
  }
  const isUseless = choices.every((choice) => !('sets' in choice)) && other === null;
  const why = isUseless
    ? 'its choices set nothing that a choice can set here: make a profile of each, or an option, by hand'
    : `make an option by hand: ${problem}`;
  return { value: null, told: [[option.label, none(why)], ...told] };
}

const optionPlace: Placed = { scope: 'profile', path: ['options'], value: null };

interface SetsSchema {
  safeParse(value: unknown): {
    readonly success: boolean;
    readonly error?: { readonly issues: readonly Issue[] } | undefined;
  };
}

const schemas: Readonly<Record<'choice' | 'text', SetsSchema>> = {
  choice: setsSchema,
  text: otherSetsSchema,
};

interface Issue {
  readonly code: string;
  readonly message: string;
}

/** What it sets, each value as far as the key can have it. */
function setsOf(
  kind: keyof typeof schemas,
  { label, settings }: Pick<OfferChoice, 'label' | 'settings'>,
  outcomesOf: OutcomesOf,
  told: Labelled[],
): Table {
  const kept: Placed[] = [];
  const get = (trait: string) => settings.find((one) => one.trait === trait)?.value;
  for (const setting of settings) {
    const tell = (outcome: Outcome) => void told.push([`${label}.${setting.trait}`, outcome]);
    for (const outcome of outcomesOf(setting, { get })) {
      if (outcome.kind === 'none') tell(outcome);
      else if (outcome.kind === 'hub') tell(none(outcome.remark ?? notOfAChoice));
      else {
        const done: Placed[] = [];
        for (const placed of outcome.placed) {
          const more = documentOf([...kept, placed]);
          const issue = placed.scope === 'profile' ? firstIssue(schemas[kind].safeParse(more)) : unknownKey;
          if (issue === null) {
            kept.push(placed);
            done.push({ ...placed, path: [...placeOf[kind], ...placed.path] });
          } else {
            const key = keyName(placed.path);
            const why = issue.code === unknownKey.code ? notOfAChoice : issue.message;
            tell(none(`not done: ${key} ${why}`));
          }
        }
        if (done.length > 0 || outcome.placed.length === 0) tell({ ...outcome, placed: done });
      }
    }
  }
  return documentOf(kept);
}

/** In words: a migration has no numbers of choices. */
const placeOf = { choice: ['options[]', 'choices[]', 'sets'], text: ['options[]', 'other', 'sets'] } as const;

const notOfAChoice = 'cannot be set by a choice: make a profile of its own';
const unknownKey: Issue = { code: 'unrecognized_keys', message: '' };

function firstIssue({ success, error }: ReturnType<SetsSchema['safeParse']>): Issue | null {
  return success ? null : (error?.issues[0] ?? unknownKey);
}

/** The choice of a text that users write; null: it cannot be one here. */
function otherOf(text: OfferText, outcomesOf: OutcomesOf, told: Labelled[]): Table | null {
  const { label, description, title } = text;
  const pattern = text.pattern ?? '.+';
  const refuse = (why: string) => {
    told.push([label, none(why)]);
    return null;
  };
  if (!isPattern(pattern)) return refuse('its pattern is one of Python alone: write other by hand');
  const sets = setsOf('text', text, outcomesOf, told);
  if (!JSON.stringify(sets).includes('{value}'))
    return refuse('the text goes nowhere here: write other by hand, with {value} in what it sets');
  const remark = pattern.endsWith('$') ? undefined : 'here the whole text must match the pattern';
  told.push([label, yaml([{ ...optionPlace, path: ['options[]', 'other'] }], remark)]);
  return { ...titled(title), ...described(description), pattern, sets };
}

function problemOf(option: Value): string | null {
  const { success, error } = optionsSchema.safeParse([option]);
  return success ? null : (error.issues[0]?.message ?? '');
}

const wordsOf = ({ title, description }: Pick<OfferChoice, 'title' | 'description'>) => ({
  ...titled(title),
  ...described(description),
});
const titled = (title: string | null) => (title === null ? {} : { title });
const described = (description: string) => (description === '' ? {} : { description });
const isEmpty = (table: Table) => Object.keys(table).length === 0;
