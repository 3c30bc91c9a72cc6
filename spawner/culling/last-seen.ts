// Converts a reported timestamp to the monotonic clock, so that setting the wall clock makes no server idle.
import { z } from 'zod';
import type { Clock } from './clock.ts';

export const lastSeenSchema = z.object({
  /** As reported: ISO 8601. */
  reported: z.string(),
  /** The time of the activity, and of its last report: seconds on the monotonic clock. */
  activeAt: z.number(),
  seenAt: z.number(),
});
export type LastSeen = Readonly<z.infer<typeof lastSeenSchema>>;

/**
 * Interprets `reported`, given the previous result `before`. A changed timestamp means activity after the last report,
 * whatever the wall clock says now; the first timestamp means activity after `since`.
 */
export function lastSeen(before: LastSeen | null, reported: string, since: number, clock: Clock): LastSeen {
  const seenAt = clock.monotonic();
  if (before?.reported === reported) return { ...before, seenAt };
  const idle = Math.max(0, (clock.wall() - Date.parse(reported)) / 1000);
  const earliest = before?.seenAt ?? since;
  return { reported, activeAt: Math.min(seenAt, Math.max(earliest, seenAt - idle)), seenAt };
}
