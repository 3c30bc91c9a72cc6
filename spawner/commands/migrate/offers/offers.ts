// What the hub offers to users: one kind of server, the profiles of ProfilesSpawner, or KubeSpawner's profile list.
// Not here: what becomes of their settings (../translate.ts).
import { codeOf, type HubFile, isTable, type SpawnerClass, type Value } from '../read/settings.ts';
import { basesOf } from '../rules/kinds.ts';
import { type Labelled, none, yaml } from '../rules/rule.ts';
import { kubeProfiles } from './kube-profiles.ts';
import { nameFor, type Offer, type Offers, settingsOf, single, titleOf } from './offer.ts';

export function offersOf(file: HubFile): Offers {
  const main = file.spawnerClass ?? guessed(file.spawner);
  const is = (name: string) => main.mro.includes(name);
  const value = (section: string, trait: string) =>
    file.settings.find((one) => one.section === section && one.trait === trait)?.value;
  if (is('ProfilesSpawner')) {
    const key = is('DockerProfilesSpawner') ? 'default_profiles' : 'profiles';
    const section = main.mro.find((name) => value(name, key) !== undefined) ?? 'ProfilesSpawner';
    return wrapProfiles(file, value(section, key), `c.${section}.${key}`);
  }
  if (is('WrapSpawner'))
    return wrapped(file, value('WrapSpawner', 'child_class'), value('WrapSpawner', 'child_config'));
  const section = main.mro.find((name) => value(name, 'profile_list') !== undefined);
  if (is('KubeSpawner') && section !== undefined)
    return kubeProfiles(main, value(section, 'profile_list') ?? null, `c.${section}.profile_list`);
  return { offers: [single(main)], told: [] };
}

function childOf({ children }: HubFile, given: Value | undefined): SpawnerClass {
  const text = typeof given === 'string' ? given : (codeOf(given ?? null) ?? '');
  return children[text] ?? guessed(text.replace(/^the class /, ''));
}

/** By the last part of its name, of a class that could not be imported. */
export function guessed(name: string): SpawnerClass {
  const last = name.split('.').at(-1) ?? '';
  const known = Object.keys(basesOf).find((one) => one === last) ?? entryPoints[last];
  return known === undefined
    ? { name, mro: [last, 'Spawner'], traits: {} }
    : { name, mro: [known, ...(basesOf[known] ?? []), 'Spawner'], traits: {} };
}

const entryPoints: Readonly<Partial<Record<string, string>>> = {
  'jupyterhub-spawner': 'LocalProcessSpawner',
  docker: 'DockerSpawner',
  'docker-system-user': 'SystemUserSpawner',
  'docker-swarm': 'SwarmSpawner',
  systemd: 'SystemdSpawner',
  sudo: 'SudoSpawner',
  kubernetes: 'KubeSpawner',
  localprocess: 'LocalProcessSpawner',
  simple: 'SimpleLocalProcessSpawner',
};

function wrapped(file: HubFile, child: Value | undefined, config: Value | undefined): Offers {
  const spawner = child === undefined ? guessed('LocalProcessSpawner') : childOf(file, child);
  const overrides = config !== undefined && isTable(config) ? settingsOf(config) : [];
  const offer = { ...single(spawner), overrides, label: 'c.WrapSpawner.child_config' };
  return {
    offers: [offer],
    told: [
      ['c.WrapSpawner.child_class', yaml([], `the profile default is made of ${spawner.name}`)],
      ...(config === undefined
        ? []
        : [['c.WrapSpawner.child_config', yaml([], 'see the profile default')] as const]),
    ],
  };
}

/** Tuples of a title, a key, a class and a dictionary. */
function wrapProfiles(file: HubFile, value: Value | undefined, label: string): Offers {
  const offers: Offer[] = [];
  const told: Labelled[] = [];
  for (const one of Array.isArray(value) ? value : []) {
    const [title, key, child, config = {}] = Array.isArray(one) ? one : [];
    if (typeof key !== 'string' || child === undefined || child === null) {
      told.push([label, none('a profile is no tuple of title, key, class and dictionary')]);
      continue;
    }
    const name = nameFor(
      key,
      offers.map((offer) => offer.name),
    );
    offers.push({
      ...{ name, title: titleOf(title), description: '', spawner: childOf(file, child) },
      overrides: isTable(config) ? settingsOf(config) : [],
      label: `${label}[${JSON.stringify(key)}]`,
      options: [],
    });
  }
  if (offers.length === 0) {
    told.push([label, none('it is code, or empty: write the profiles by hand')]);
    return { offers: [single(guessed('LocalProcessSpawner'))], told };
  }
  told.push([label, yaml([], `the profiles ${offers.map(({ name }) => name).join(', ')}`)]);
  return { offers, told };
}
