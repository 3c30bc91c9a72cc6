// From the time that a server or a proxy writes down to a moment on the clock that never jumps: whoever sets the
// clock of the machine makes nobody idle.
import { z } from 'zod';
import type { Clock } from './clock.ts';

export const lastSeenSchema = z.object({
  /** As it was told: ISO 8601. */
  reported: z.string(),
  /** What that means, and when it was told last: seconds on the monotonic clock. */
  activeAt: z.number(),
  seenAt: z.number(),
});
export type LastSeen = Readonly<z.infer<typeof lastSeenSchema>>;

/**
 * What `reported` means when `before` is what was known so far. A time that has changed belongs to something that
 * happened after it was last seen, whatever the clock on the wall says now; the first one, to something after
 * `since`.
 */
export function lastSeen(before: LastSeen | null, reported: string, since: number, clock: Clock): LastSeen {
  const seenAt = clock.monotonic();
  if (before?.reported === reported) return { ...before, seenAt };
  const idle = Math.max(0, (clock.wall() - Date.parse(reported)) / 1000);
  const earliest = before?.seenAt ?? since;
  return { reported, activeAt: Math.min(seenAt, Math.max(earliest, seenAt - idle)), seenAt };
}
