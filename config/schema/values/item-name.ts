// Names of list items (hubs, profiles): their form and their uniqueness.
import { z } from 'zod';

export const itemName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
  error: 'must be 1 to 32 of a-z, 0-9 and "-", with a letter or digit at both ends',
});

/** Reports, at each item's name, that an earlier item has the same name. Accepts partly parsed lists too. */
export function uniqueNames(items: unknown, ctx: UniquenessContext): void {
  if (!Array.isArray(items)) return;
  const firstWithName = new Map<unknown, number>();
  for (const [index, item] of (items as unknown[]).entries()) {
    if (typeof item !== 'object' || item === null || !('name' in item)) continue;
    const { name } = item;
    const first = firstWithName.get(name);
    if (first === undefined) firstWithName.set(name, index);
    else
      ctx.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `must differ from the name of item [${first}]`,
      });
  }
}

interface UniquenessContext {
  addIssue(issue: { code: 'custom'; path: PropertyKey[]; message: string }): void;
}
