// KubeSpawner's profile_options: what users choose in a profile. Not here: the profiles (kube-profiles.ts).
import { isTable, type Table, type Value } from '../read/settings.ts';
import { type Labelled, none } from '../rules/rule.ts';
import { descriptionOf, nameFor, type OfferOption, settingsOf, titleOf } from './offer.ts';

/** `label` is that of the profile. What is code is told. */
export function kubeOptions(
  value: Value | undefined,
  label: string,
  told: Labelled[],
): readonly OfferOption[] {
  const options: OfferOption[] = [];
  const tableOf = (one: Value | undefined, at: string): Table => {
    if (one === undefined || one === null) return {};
    if (isTable(one)) return one;
    told.push([at, none('it is code: set it by hand')]);
    return {};
  };
  const wordsOf = (choice: Table, at: string) => ({
    title: titleOf(choice.display_name),
    description: descriptionOf(choice.description),
    settings: settingsOf(tableOf(choice.kubespawner_override, `${at}.kubespawner_override`)),
  });
  for (const [key, given] of Object.entries(tableOf(value, `${label}.profile_options`))) {
    const own = `${label}.profile_options[${JSON.stringify(key)}]`;
    const option = tableOf(given, own);
    if (isEmpty(option)) continue;
    const taken = options.map(({ name }) => name);
    const entries = Object.entries(tableOf(option.choices, `${own}.choices`)).map(([name, choice]) => {
      const at = `${own}.choices[${JSON.stringify(name)}]`;
      return { name, at, choice: tableOf(choice, at) };
    });
    const unlisted = tableOf(option.unlisted_choice, `${own}.unlisted_choice`);
    const preselected = entries.find(({ choice }) => choice.default === true) ?? entries[0];
    options.push({
      name: isName(key) && !taken.includes(key) ? key : nameFor(key, ['profile', ...taken]),
      title: titleOf(option.display_name),
      choices: entries.map(({ name, at, choice }) => ({ name, ...wordsOf(choice, at), label: at })),
      text:
        unlisted.enabled === true
          ? {
              ...wordsOf(unlisted, `${own}.unlisted_choice`),
              ...textOf(unlisted),
              label: `${own}.unlisted_choice`,
            }
          : null,
      preselected: preselected?.name ?? '',
      label: own,
    });
  }
  return options;
}

function isName(key: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(key) && key !== 'profile';
}

/** What is other than of a choice. */
function textOf(unlisted: Table) {
  return {
    title: titleOf(unlisted.display_name_in_choices) ?? titleOf(unlisted.display_name),
    description: descriptionOf(unlisted.validation_message),
    pattern: typeof unlisted.validation_regex === 'string' ? unlisted.validation_regex : null,
  };
}

const isEmpty = (table: Table) => Object.keys(table).length === 0;
