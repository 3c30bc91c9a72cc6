// Converts a reported timestamp to a time on the monotonic clock, so that setting the wall clock makes no server idle.
import { z } from 'zod';
import type { Clock } from './clock.ts';

export const lastSeenSchema = z.object({
  /** As reported: ISO 8601. */
  reported: z.string(),
  /** When it was active, and when that was last reported: seconds on the monotonic clock. */
  activeAt: z.number(),
  seenAt: z.number(),
});
export type LastSeen = Readonly<z.infer<typeof lastSeenSchema>>;

/**
 * What `reported` means when `before` is what was known so far. A time that has changed belongs to something that
 * happened after it was last seen, whatever the wall clock says now; the first one, to something after
 * `since`.
 */
export function lastSeen(before: LastSeen | null, reported: string, since: number, clock: Clock): LastSeen {
  const seenAt = clock.monotonic();
  if (before?.reported === reported) return { ...before, seenAt };
  const idle = Math.max(0, (clock.wall() - Date.parse(reported)) / 1000);
  const earliest = before?.seenAt ?? since;
  return { reported, activeAt: Math.min(seenAt, Math.max(earliest, seenAt - idle)), seenAt };
}
