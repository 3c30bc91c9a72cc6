// The settings of a hub as the YAML of the service: what is set where, and what becomes of every setting of the file.
// Not here: the rules (rules/), the text (write/).

import type { Placement } from './document.ts';
import type { Offer } from './offers/offer.ts';
import { offersOf } from './offers/offers.ts';
import { optionOf } from './options.ts';
import { applied, isShared, outcomesOf } from './outcomes.ts';
import { systemPath } from './read/find-python.ts';
import { hasSecret, isSecretName } from './read/secrets.ts';
import { type HubFile, isData, type Setting, type Value } from './read/settings.ts';
import { cullerOutcomes } from './rules/culler.ts';
import { jupyterHub } from './rules/jupyterhub.ts';
import { baseOf, type Machine, remarksOn, rulesOf } from './rules/kinds.ts';
import { at, none, type Outcome, type Placed, type RuleContext } from './rules/rule.ts';

/** A value at its place in the YAML; `label` names the setting that it comes from, null: the kind of spawner. */
export interface Assigned extends Placement {
  readonly label: string | null;
}

/** What becomes of a setting. */
export interface Told {
  /** As the file has it, such as c.SystemdSpawner.slice. */
  readonly label: string;
  readonly outcome: Outcome;
  /** A line for jupyterhub_config.py in its place; undefined: it stays as it is, or the value cannot be printed. */
  readonly line?: string;
  /** It stays in force without a change. */
  readonly staysAsItIs?: boolean;
}

export interface Migration {
  readonly source: string;
  readonly spawner: string;
  readonly assigned: readonly Assigned[];
  readonly told: readonly Told[];
  readonly remarks: readonly string[];
  /** Of the hub's file; null: it does not say. */
  readonly startTimeout: number | null;
}

const noContext: RuleContext = { get: () => undefined, path: [] };

export function translate(file: HubFile, machine: Machine): Migration {
  const { offers, told: ofOffers } = offersOf(file);
  const assigned: Assigned[] = [];
  const consumed = new Set(ofOffers.map(([label]) => label));
  const told: Told[] = ofOffers.map(([label, outcome]) => ({ label, outcome }));
  const put = (index: number, placed: readonly Placed[], label: string | null) => {
    assigned.push(...placed.map((one) => assignment(index, one, label)));
  };
  const tell = (one: Told) => void told.push(one);

  assigned.push(
    { path: ['hubs', 0, 'name'], value: 'hub', adds: false, label: null },
    { path: ['hubs', 0, 'token_file'], value: '/etc/portwrap-spawner/hub.token', adds: false, label: null },
    {
      path: ['hubs', 0, 'api_url'],
      value: file.apiUrl,
      adds: false,
      label: 'hub_ip, hub_port and base_url of c.JupyterHub',
    },
  );
  const bases = offers.map(({ spawner }) => baseOf(spawner.mro, machine));
  // one mode for all: beside servers of accounts of this machine, others have such accounts too
  const isForAll = ({ path }: Placed) => path[0] !== 'accounts' || bases.every((base) => base.some(isMode));
  for (const [index, offer] of offers.entries()) {
    put(index, headOf(offer), null);
    put(index, (bases[index] ?? []).filter(isForAll), null);
    if (file.bin !== null && !systemPath.includes(file.bin)) put(index, [at('path', pathOf(file))], null);
    offerSettings(file, offer, consumed, (setting, outcomes) => {
      for (const outcome of outcomes) {
        if (outcome.kind === 'yaml') put(index, outcome.placed, labelOf(setting, offer));
        tell(toldOf(setting, offer, outcome));
      }
    });
    for (const option of offer.options) {
      const made = optionOf(option, (setting, context) =>
        outcomesOf(setting, offer.spawner, { ...context, path: pathOf(file) }),
      );
      for (const [label, outcome] of made.told) tell({ label, outcome });
      if (made.value === null) continue;
      const path = ['profiles', index, 'options'];
      assigned.push({ path, value: [made.value], adds: true, label: option.label });
    }
  }
  otherSettings(file, offers, consumed, (label, outcomes) => {
    for (const outcome of outcomes) {
      if (outcome.kind === 'yaml') put(0, outcome.placed, label);
      tell({ label, outcome, staysAsItIs: outcome.kind === 'hub' });
    }
  });
  for (const [label, outcome] of cullerOutcomes(file.cullers)) {
    if (outcome.kind === 'yaml') for (const index of offers.keys()) put(index, outcome.placed, label);
    tell({ label, outcome });
  }
  const timeout = file.settings.find((one) => one.trait === 'start_timeout' && typeof one.value === 'number');
  return {
    ...{ source: file.path, spawner: file.spawner, assigned, told },
    remarks: [
      ...(file.why === null
        ? []
        : [`${file.spawner} cannot be imported by this Python, so its settings were not checked`]),
      ...new Set(
        offers.flatMap(({ spawner }) =>
          remarksOn(
            spawner.mro,
            bases.every((base) => base.some(isMode)),
          ),
        ),
      ),
    ],
    startTimeout: typeof timeout?.value === 'number' ? timeout.value : null,
  };
}

/** `index`: of the profile. */
export function assignment(
  index: number,
  { scope, path, value, adds }: Placed,
  label: string | null,
): Assigned {
  return {
    path: scope === 'service' ? path : ['profiles', index, ...path],
    value,
    adds: adds ?? false,
    label,
  };
}

/** With the directory of the hub's own jupyterhub-singleuser before the others. */
function pathOf({ bin }: HubFile): readonly string[] {
  return bin === null || systemPath.includes(bin) ? systemPath : [bin, ...systemPath];
}

function isMode({ path }: Placed): boolean {
  return path.join('.') === 'accounts.mode';
}

function headOf({ name, title, description }: Offer): Placed[] {
  return [
    at('name', name),
    ...(title === null ? [] : [at('title', title)]),
    ...(description === '' ? [] : [at('description', description)]),
  ];
}

function labelOf({ section, trait }: Setting, { label }: Offer): string {
  return section === '' ? `${label}.${trait}` : `c.${section}.${trait}`;
}

/** Every setting that is in force for its servers, or would be. */
function offerSettings(
  file: HubFile,
  offer: Offer,
  consumed: ReadonlySet<string>,
  visit: (setting: Setting, outcomes: readonly Outcome[]) => void,
): void {
  const { mro } = offer.spawner;
  const rank = ({ section }: Setting) => (section === '' ? -1 : mro.indexOf(section));
  const own = file.settings.filter(
    ({ section, trait }) => mro.includes(section) && !consumed.has(`c.${section}.${trait}`),
  );
  const all: Setting[] = [...offer.overrides, ...own].toSorted((a, b) => rank(a) - rank(b));
  const inForce = new Map<string, Setting>();
  for (const setting of all) if (!inForce.has(setting.trait)) inForce.set(setting.trait, setting);
  const context: RuleContext = { get: (trait) => inForce.get(trait)?.value, path: pathOf(file) };
  for (const setting of all) {
    const first = inForce.get(setting.trait);
    if (first !== setting && first !== undefined)
      visit(setting, [none(`not in force: ${labelOf(first, offer)} is, which is set as well`)]);
    else visit(setting, outcomesOf(setting, offer.spawner, context));
  }
}

function toldOf(setting: Setting, offer: Offer, outcome: Outcome): Told {
  const label = labelOf(setting, offer);
  if (outcome.kind !== 'hub') return { label, outcome };
  const { section, trait, value } = setting;
  if (section === '')
    return { label, outcome: none(`c.Spawner.${trait} is one for all profiles: set it there, if it may be`) };
  if (isShared(section)) return { label, outcome, staysAsItIs: true };
  const isPrintable = isData(value) && !isSecretName(trait) && !hasSecret(value);
  const right = isPrintable ? python(value) : '...';
  return { label, outcome, line: `${isPrintable ? '' : '# '}c.Spawner.${trait} = ${right}` };
}

/** Everything else in the file: of the hub, its authenticator, its proxy, and of spawners that are not in use. */
function otherSettings(
  file: HubFile,
  offers: readonly Offer[],
  consumed: ReadonlySet<string>,
  visit: (label: string, outcomes: readonly Outcome[]) => void,
): void {
  const used = new Set(offers.flatMap(({ spawner }) => spawner.mro));
  const main = file.spawnerClass?.mro ?? [];
  for (const setting of file.settings) {
    const { section, trait, value, isShown } = setting;
    if (used.has(section) || consumed.has(`c.${section}.${trait}`)) continue;
    const label = section === '' ? `c.${trait}` : `c.${section}.${trait}`;
    if (main.includes(section) || section === 'WrapSpawner') {
      visit(label, wrapperOutcomes(setting));
    } else if (section === 'JupyterHub') {
      const rule = jupyterHub[trait];
      if (trait === 'services' && file.cullers.length > 0) continue;
      visit(
        label,
        rule === undefined || (!isShown && !rule.takesAnything)
          ? [{ kind: 'hub' }]
          : applied(rule, { section, trait, value }, noContext),
      );
    } else if (isShown) {
      visit(label, [none(`not in force: spawner_class is ${file.spawner}`)]);
    } else visit(label, [{ kind: 'hub' }]);
  }
}

function wrapperOutcomes(setting: Setting): readonly Outcome[] {
  const rule = rulesOf.WrapSpawner?.traits[setting.trait];
  if (rule !== undefined) return applied(rule, setting, noContext);
  return [none(rulesOf.WrapSpawner?.otherwise ?? '')];
}

/** As Python writes it. */
export function python(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}: ${python(inner)}`)
    .join(', ')}}`;
}
