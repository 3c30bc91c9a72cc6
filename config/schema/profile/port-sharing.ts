// The keys below `port_sharing` of a profile: who may share ports of their servers, and with whom.
// Not here: the decision (spawner/shares/rules.ts).
import { z } from 'zod';

const names = z.array(z.string().min(1).max(255)).min(1).nullable().default(null);

const ruleSchema = z.strictObject({
  users: names.meta({
    description:
      'The users who may share by this rule. null in both users and groups: everyone who has a server of this profile.',
    examples: [['alice']],
  }),
  groups: names.meta({
    description: 'The groups, of the hub, whose members may share by this rule; see users.',
    examples: [['teachers']],
  }),
  with_users: names.meta({
    description: 'The users with whom they may share. ["*"]: any user. null: none.',
    examples: [['*']],
  }),
  with_groups: names.meta({
    description: 'The groups with whose members they may share. ["*"]: any group. null: none.',
    examples: [['students']],
  }),
  with_everybody: z.boolean().default(false).meta({
    description: 'May they share with everybody who is signed in at the hub and may open the page?',
  }),
  longest: z.number().min(60).max(31_536_000).default(604_800).meta({
    description: 'Seconds for which they may share at most; then they must share again.',
  }),
});

export const portSharingSchema = z
  .array(ruleSchema)
  .max(100)
  .default([])
  .meta({
    description:
      'Who may share single ports of their servers of this profile with others, and with whom. Sharing is allowed if any rule allows it. []: nobody. Whoever opens a shared port runs pages of its owner, without subdomains on the origin of the hub: see docs/port-links.md before. Counts only with "port_links".',
    examples: [[{ groups: ['teachers'], with_groups: ['students'] }]],
  });
