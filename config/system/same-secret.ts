// Comparing a secret with what somebody has shown. Not here: where it was shown.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Takes the same time wherever they differ, and whatever their lengths are. */
export function isSameSecret(given: string, right: string): boolean {
  return timingSafeEqual(digest(given), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
