// Evaluates one poll of a server: from its response and its route's last activity to the saved note, the decision
// and the API's view. Pure but for the clock. Not here: when to poll (watch.ts), the rules (rules.ts).
import { z } from 'zod';
import type { Note } from './activity-store.ts';
import type { Clock } from './clock.ts';
import { type Activity, type Answer, activitySchema } from './jupyter.ts';
import { lastSeen } from './last-seen.ts';
import type { LinkUse } from './link-use.ts';
import { type CullingRules, type Verdict, verdict } from './rules.ts';

/** A server's activity in the API. */
export const activityView = z.object({
  last_activity: z.iso.datetime().nullable().meta({
    description: 'Last activity, as the server or the proxy reports it. null: not known yet.',
  }),
  activity: activitySchema
    .nullable()
    .meta({ description: 'What a Jupyter server was doing when it was last polled. null: not known.' }),
  cull_at: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'When culling will stop it. null: no stop is planned.' }),
  cull_reason: z.string().nullable().meta({ description: 'Why it will be stopped.' }),
});
export type ActivityView = Readonly<z.infer<typeof activityView>>;

export interface Seen {
  readonly answer: Answer;
  /** The last activity of its route, from the proxy, ISO 8601. null: no route, or unknown. */
  readonly route: string | null;
  /** Whether the proxy should have its route. */
  readonly isRouted: boolean;
  /** Of its ports, by links. */
  readonly links: LinkUse;
}

export interface Look {
  readonly note: Note;
  readonly activity: Activity | null;
  readonly verdict: Verdict | null;
}

/** The note of a server that is polled for the first time, at `now`. */
export function firstNote(now: number): Note {
  return { startedAt: now, isJupyter: false, server: null, route: null, heldAt: null, warnedAt: null };
}

export function look(before: Note, seen: Seen, rules: CullingRules | null, clock: Clock): Look {
  const now = clock.monotonic();
  const { answer } = seen;
  const activity = answer.kind === 'jupyter' ? answer.activity : null;
  const busy = (activity?.busy ?? 0) > 0;
  const connected = (activity?.connections ?? 0) + seen.links.connections > 0;
  const isHeld = (busy && rules?.cull_busy !== true) || (connected && rules?.cull_connected !== true);
  const learned: Note = {
    ...before,
    isJupyter: before.isJupyter || answer.kind === 'jupyter',
    server:
      answer.kind === 'jupyter'
        ? lastSeen(before.server, answer.lastActivity, before.startedAt, clock)
        : before.server,
    route: seen.route === null ? before.route : lastSeen(before.route, seen.route, before.startedAt, clock),
    heldAt: isHeld ? now : latest(before.heldAt, seen.links.usedAt),
  };
  const { startedAt, warnedAt } = learned;
  const activeAt = activeSince(learned, seen, rules);
  const decided =
    rules === null ? null : verdict(rules, { now, startedAt, activeAt, busy, connected, warnedAt });
  return { note: { ...learned, warnedAt: decided?.warnedAt ?? null }, activity, verdict: decided };
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** When it was last active; null: unknown, so it does not count as idle. */
function activeSince(
  note: Note,
  { answer, route, isRouted }: Seen,
  rules: CullingRules | null,
): number | null {
  const held = note.heldAt ?? 0;
  const routed = route === null ? null : (note.route?.activeAt ?? null);
  if (answer.kind === 'other' && !note.isJupyter) return routed === null ? null : Math.max(routed, held);
  if (answer.kind !== 'jupyter' || note.server === null) return null;
  const own = Math.max(note.server.activeAt, held);
  // every open tab keeps the route active: Jupyter pings its WebSockets
  if (!isRouted || rules?.cull_connected === true) return own;
  return routed === null ? null : Math.max(own, routed);
}

export const nothingKnown: ActivityView = {
  last_activity: null,
  activity: null,
  cull_at: null,
  cull_reason: null,
};

export function viewOf({ note, activity, verdict: decided }: Look, clock: Clock): ActivityView {
  const times = [note.server, note.route].filter((seen) => seen !== null).map((seen) => seen.reported);
  const until = decided === null ? null : decided.cullAt - clock.monotonic();
  return {
    last_activity:
      times
        .map((time) => new Date(time).toISOString())
        .sort()
        .at(-1) ?? null,
    activity,
    cull_at: until === null ? null : new Date(clock.wall() + until * 1000).toISOString(),
    cull_reason: decided?.reason ?? null,
  };
}
