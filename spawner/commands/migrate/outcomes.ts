// What becomes of one setting of a spawner's class: the rule for it is found and applied.
// Not here: the rules (rules/), which setting is in force (translate.ts).
import { hasSecret, isSecretName } from './read/secrets.ts';
import { codeOf, isData, type Setting, type SpawnerClass } from './read/settings.ts';
import { rulesOf } from './rules/kinds.ts';
import { none, type Outcome, type Rule, type RuleContext, yaml } from './rules/rule.ts';

/** Of a setting that is in force for servers of that class. */
export function outcomesOf(
  setting: Setting,
  spawner: SpawnerClass,
  context: RuleContext,
): readonly Outcome[] {
  const { trait, section } = setting;
  const { mro, traits } = spawner;
  const place = mro.find((name) => rulesOf[name]?.traits[trait] !== undefined);
  const rule = place === undefined ? undefined : rulesOf[place]?.traits[trait];
  if (Object.keys(traits).length > 0 && traits[trait] === undefined)
    return [none(`${section || spawner.name} has no setting of this name: the hub ignores it`)];
  if (rule !== undefined) return applied(rule, setting, context);
  const home = traits[trait] ?? 'Spawner';
  if (isShared(home) || isShared(section)) return [{ kind: 'hub' }];
  const kind = mro.find((name) => name !== 'Spawner' && rulesOf[name] !== undefined);
  return [none((kind === undefined ? undefined : rulesOf[kind]?.otherwise) ?? `a setting of ${home}`)];
}

/** What the rule says; code and what may be secret are left to a person. */
export function applied(rule: Rule, { trait, value }: Setting, context: RuleContext): readonly Outcome[] {
  if (rule.takesAnything) return rule.apply(value, context);
  const code = codeOf(value) ?? (isData(value) ? null : 'code');
  if (code !== null) return [none(`it is ${code}: set it by hand`)];
  if (isSecretName(trait) || hasSecret(value))
    return [none('it may be a secret, and so is not printed: set it by hand')];
  return orDefault(rule.apply(value, context));
}

export function orDefault(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.length === 0 ? [yaml([], 'not set: as the default')] : outcomes;
}

/** Sections that the plugin's class has too. */
export function isShared(section: string): boolean {
  return shared.includes(section);
}

const shared = ['Spawner', 'LoggingConfigurable', 'Configurable', 'SingletonConfigurable'];
