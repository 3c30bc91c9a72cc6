// KubeSpawner's profile_options: what users choose in a profile. Not here: the profiles (kube-profiles.ts).
import { isTable, type Value } from '../read/settings.ts';
import { descriptionOf, nameFor, type OfferOption, type OfferText, settingsOf, titleOf } from './offer.ts';

type Table = { readonly [key: string]: Value };

/** `label` is that of the profile. */
export function kubeOptions(value: Value | undefined, label: string): readonly OfferOption[] {
  const options: OfferOption[] = [];
  for (const [key, option] of Object.entries(tableOf(value))) {
    if (!isTable(option)) continue;
    const own = `${label}.profile_options[${JSON.stringify(key)}]`;
    const taken = options.map(({ name }) => name);
    const entries = Object.entries(tableOf(option.choices)).map(([name, choice]) => ({
      name,
      choice: tableOf(choice),
    }));
    const preselected = entries.find(({ choice }) => choice.default === true) ?? entries[0];
    options.push({
      name: isName(key) && !taken.includes(key) ? key : nameFor(key, ['profile', ...taken]),
      title: titleOf(option.display_name),
      choices: entries.map(({ name, choice }) => ({
        ...{ name, ...wordsOf(choice) },
        label: `${own}.choices[${JSON.stringify(name)}]`,
      })),
      text: textOf(tableOf(option.unlisted_choice), own),
      preselected: preselected?.name ?? '',
      label: own,
    });
  }
  return options;
}

/** Empty for everything else. */
export function tableOf(value: Value | undefined): Table {
  return value !== undefined && isTable(value) ? value : {};
}

function isName(key: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(key) && key !== 'profile';
}

function wordsOf(choice: Table) {
  return {
    title: titleOf(choice.display_name),
    description: descriptionOf(choice.description),
    settings: settingsOf(tableOf(choice.kubespawner_override)),
  };
}

function textOf(unlisted: Table, label: string): OfferText | null {
  if (unlisted.enabled !== true) return null;
  return {
    ...wordsOf(unlisted),
    title: titleOf(unlisted.display_name_in_choices) ?? titleOf(unlisted.display_name),
    description: descriptionOf(unlisted.validation_message),
    pattern: typeof unlisted.validation_regex === 'string' ? unlisted.validation_regex : null,
    label: `${label}.unlisted_choice`,
  };
}
