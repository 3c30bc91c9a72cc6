// KubeSpawner's profile_list as profiles of the service. Each combination of the choices of a profile becomes a profile
// of its own, as long as there are few. Not here: the settings in it (../rules/kube.ts).
import { isTable, type SpawnerClass, type Value } from '../read/settings.ts';
import { none, type Outcome, yaml } from '../rules/rule.ts';
import { descriptionOf, nameFor, type Offer, type Offers, settingsOf, titleOf } from './offer.ts';

type Table = { readonly [key: string]: Value };

const mostCombinations = 12;

export function kubeProfiles(spawner: SpawnerClass, value: Value, label: string): Offers {
  const entries = Array.isArray(value) ? value.filter(isTable) : [];
  const told: [string, Outcome][] = [];
  const offers: Offer[] = [];
  // the default of KubeSpawner is preselected; ours is the first
  const inOrder = entries.toSorted((a, b) => Number(b.default === true) - Number(a.default === true));
  for (const entry of inOrder) {
    const title = titleOf(entry.display_name) ?? titleOf(entry.slug) ?? 'Profile';
    const own = `${label}[${JSON.stringify(title)}]`;
    for (const key of Object.keys(entry)) {
      if (!known.includes(key)) told.push([`${own}.${key}`, none('set it by hand')]);
    }
    if (entry.kubespawner_override !== undefined && !isTable(entry.kubespawner_override))
      told.push([`${own}.kubespawner_override`, none('it is code: set the keys by hand')]);
    const combinations = combinationsOf(entry.profile_options, own, told);
    for (const { titles, overrides } of combinations) {
      const whole = [title, ...titles].join(', ');
      const wanted = titles.length === 0 && typeof entry.slug === 'string' ? entry.slug : whole;
      const base = isTable(entry.kubespawner_override ?? null) ? (entry.kubespawner_override as Table) : {};
      const name = nameFor(
        wanted,
        offers.map((offer) => offer.name),
      );
      offers.push({
        ...{ name, title: titleOf(whole), description: descriptionOf(entry.description), spawner },
        overrides: settingsOf({ ...base, ...overrides }),
        label: own,
      });
    }
  }
  if (offers.length === 0) {
    const alone = { name: 'default', title: null, description: '', spawner, overrides: [], label: '' };
    return {
      offers: [alone],
      told: [...told, [label, none('it is code, or empty: write the profiles by hand')]],
    };
  }
  told.push([label, yaml([], `the profiles ${offers.map(({ name }) => name).join(', ')}`)]);
  return { offers, told };
}

const known = ['display_name', 'slug', 'description', 'default', 'kubespawner_override', 'profile_options'];

interface Combination {
  readonly titles: readonly string[];
  readonly overrides: Table;
}

/** Every choice with every one of the others; only the first ones where they are too many. */
function combinationsOf(
  value: Value | undefined,
  label: string,
  told: [string, Outcome][],
): readonly Combination[] {
  let found: readonly Combination[] = [{ titles: [], overrides: {} }];
  for (const [key, option] of value !== undefined && isTable(value) ? Object.entries(value) : []) {
    const own = `${label}.profile_options[${JSON.stringify(key)}]`;
    const choices = isTable(option) ? choicesOf(option) : [];
    if (isTable(option) && isTable(option.unlisted_choice ?? null))
      told.push([`${own}.unlisted_choice`, none('an option with other: a text with a pattern')]);
    if (choices.length === 0) continue;
    if (found.length * choices.length > mostCombinations) {
      told.push([
        own,
        none(`too many combinations: only its first choice is kept. Make options, or profiles, by hand`),
      ]);
      found = combined(found, choices.slice(0, 1));
      continue;
    }
    told.push([own, yaml([], 'a profile for each choice')]);
    found = combined(found, choices);
  }
  return found;
}

function combined(found: readonly Combination[], choices: readonly Combination[]): readonly Combination[] {
  return found.flatMap((one) =>
    choices.map((choice) => ({
      titles: [...one.titles, ...choice.titles],
      overrides: { ...one.overrides, ...choice.overrides },
    })),
  );
}

/** The default first. */
function choicesOf({ choices }: Table): readonly Combination[] {
  const entries = choices !== undefined && isTable(choices) ? Object.entries(choices) : [];
  return entries
    .flatMap(([key, choice]) => (isTable(choice) ? [{ key, choice }] : []))
    .toSorted((a, b) => Number(b.choice.default === true) - Number(a.choice.default === true))
    .map(({ key, choice }) => ({
      titles: [titleOf(choice.display_name) ?? key],
      overrides: isTable(choice.kubespawner_override ?? null) ? (choice.kubespawner_override as Table) : {},
    }));
}
