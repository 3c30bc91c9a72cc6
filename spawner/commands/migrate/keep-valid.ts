// Leaves out of a migration what the YAML cannot have, and tells it: what is printed always passes check-config.
// Not here: the schema (config/schema.ts).
import { PortwrapError } from '../../../config/errors.ts';
import { configSchema } from '../../../config/schema.ts';
import { documentOf } from './document.ts';
import { keyName } from './key-name.ts';
import { none } from './rules/rule.ts';
import type { Assigned, Migration } from './translate.ts';

/** Throws INTERNAL if what it began with does not pass by itself. */
export function keepValid(migration: Migration): Migration {
  const told = [...migration.told];
  let { assigned } = migration;
  for (;;) {
    const result = configSchema.safeParse(documentOf(assigned));
    if (result.success) return { ...migration, assigned, told };
    const issues = result.error.issues.map(({ path, message }) => ({ path: path.map(String), message }));
    const isBad = ({ path }: Assigned) => issues.some((issue) => touches(issue.path, path.map(String)));
    const bad =
      assigned.findLast((one) => one.label !== null && isBad(one)) ??
      assigned.findLast((one) => one.path[0] !== 'hubs' && isBad(one));
    if (bad === undefined) {
      const { path = [], message = '' } = issues[0] ?? {};
      throw new PortwrapError(
        'INTERNAL',
        `migrate made a configuration that is not valid: ${path.join('.')} ${message}`,
      );
    }
    const why = issues.find((issue) => touches(issue.path, bad.path.map(String)))?.message ?? '';
    const name = keyName(bad.path);
    told.push({ label: bad.label ?? 'of the kind of spawner', outcome: none(`not done: ${name} ${why}`) });
    assigned = assigned.filter((one) => one !== bad);
  }
}

/** One of both paths is the beginning of the other. */
function touches(issue: readonly string[], path: readonly string[]): boolean {
  return issue.length > 0 && path.slice(0, issue.length).every((part, index) => issue[index] === part);
}
