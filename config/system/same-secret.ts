// Compares a secret with the one that a client sent. Not here: reading it from the request.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Takes constant time, independent of the first difference and of the lengths. */
export function isSameSecret(given: string, right: string): boolean {
  return timingSafeEqual(digest(given), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
