// KubeSpawner's profile_list as profiles of the service. Not here: its profile_options (kube-options.ts), the settings in
// it (../rules/kube.ts).
import { isTable, type SpawnerClass, type Value } from '../read/settings.ts';
import { type Labelled, none, yaml } from '../rules/rule.ts';
import { kubeOptions } from './kube-options.ts';
import { descriptionOf, nameFor, type Offer, type Offers, settingsOf, single, titleOf } from './offer.ts';

export function kubeProfiles(spawner: SpawnerClass, value: Value, label: string): Offers {
  const entries = Array.isArray(value) ? value.filter(isTable) : [];
  const told: Labelled[] = [];
  const offers: Offer[] = [];
  // the default of KubeSpawner is preselected; ours is the first
  const inOrder = entries.toSorted((a, b) => Number(b.default === true) - Number(a.default === true));
  for (const entry of inOrder) {
    const title = titleOf(entry.display_name) ?? titleOf(entry.slug) ?? 'Profile';
    const own = `${label}[${JSON.stringify(title)}]`;
    for (const key of Object.keys(entry)) {
      if (!known.includes(key)) told.push([`${own}.${key}`, none('set it by hand')]);
    }
    const override = entry.kubespawner_override ?? null;
    if (override !== null && !isTable(override))
      told.push([`${own}.kubespawner_override`, none('it is code: set the keys by hand')]);
    const wanted = typeof entry.slug === 'string' ? entry.slug : title;
    const name = nameFor(
      wanted,
      offers.map((offer) => offer.name),
    );
    offers.push({
      ...{ name, title: titleOf(title), description: descriptionOf(entry.description), spawner },
      overrides: settingsOf(isTable(override) ? override : {}),
      label: own,
      options: kubeOptions(entry.profile_options, own, told),
    });
  }
  if (offers.length === 0) {
    return {
      offers: [single(spawner)],
      told: [...told, [label, none('it is code, or empty: write the profiles by hand')]],
    };
  }
  told.push([label, yaml([], `the profiles ${offers.map(({ name }) => name).join(', ')}`)]);
  return { offers, told };
}

const known = ['display_name', 'slug', 'description', 'default', 'kubespawner_override', 'profile_options'];
