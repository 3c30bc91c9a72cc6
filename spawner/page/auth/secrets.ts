// Secrets that are made up here and come back from a browser. Not here: where they are kept.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in constant time. */
export function isSecret(given: unknown, secret: string): boolean {
  if (typeof given !== 'string') return false;
  const [x, y] = [given, secret].map((text) => createHash('sha256').update(text).digest());
  return x !== undefined && y !== undefined && timingSafeEqual(x, y);
}
