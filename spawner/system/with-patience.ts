// Waits for work, but not for ever. Not here: a deadline that is a failure (portwrap/system/deadline.ts).
import { setTimeout as pause } from 'node:timers/promises';

/** Settles with the work, or after so many milliseconds; the work goes on. Rejects if the work does so before. */
export async function withPatience(work: Promise<void>, milliseconds: number): Promise<void> {
  const over = new AbortController();
  const late = pause(milliseconds, undefined, { signal: over.signal, ref: false }).catch(() => {});
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
