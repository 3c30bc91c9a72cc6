// A port of a server that its user shares with others until a time, as it is kept, asked for and shown.
// Not here: who may share (rules.ts), keeping it (shares.ts).
import { z } from 'zod';

const name = z.string().trim().min(1).max(255);
const names = z.array(name).max(50).default([]);
const time = z.iso.datetime();

const grantees = z.object({
  users: names.meta({ description: 'Users of the hub.' }),
  groups: names.meta({ description: 'Groups of the hub, whose members may open the port.' }),
  everybody: z.boolean().default(false).meta({ description: 'Whoever is signed in at the hub.' }),
});

/** With whom a port is shared. */
export type Grantees = Readonly<{ users: readonly string[]; groups: readonly string[]; everybody: boolean }>;

export const shareRequest = z
  .strictObject({
    port: z.int().min(1).max(65_535),
    ...grantees.shape,
    until: time.meta({ description: 'When it ends.' }),
    owner_groups: z
      .array(name)
      .max(1024)
      .default([])
      .meta({ description: 'The groups of the user of the server, as the hub knows them.' }),
  })
  .refine(({ users, groups, everybody }) => everybody || users.length + groups.length > 0, {
    error: 'must name users or groups, or everybody',
    path: ['users'],
  });
export type ShareRequest = Readonly<z.infer<typeof shareRequest>>;

export const shareView = z.object({
  id: z.string(),
  port: z.int(),
  ...grantees.shape,
  created: time,
  until: time,
});
export type ShareView = z.infer<typeof shareView>;

/** As it is on disk. */
export const shareSchema = shareView.extend({
  /** The id of the record of its server: a server that is started again is another one. */
  server: z.string(),
  user: z.string(),
  /** When it was shared: the rules are for these. */
  owner_groups: z.array(z.string()),
});
export type Share = Readonly<z.infer<typeof shareSchema>>;

export function viewOfShare({ id, port, users, groups, everybody, created, until }: Share): ShareView {
  return { id, port, users, groups, everybody, created, until };
}

/** In words: alice, bob, members of staff, everybody. */
export function granteesText({ users, groups, everybody }: Grantees): string {
  if (everybody) return 'everybody';
  return [...users, ...groups.map((group) => `members of ${group}`)].join(', ');
}
