// Secrets that are made up here and come back from a browser. Not here: where they are kept.
import { randomBytes } from 'node:crypto';
import { isSameSecret } from '../../../config/system/same-secret.ts';

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in constant time. */
export function isSecret(given: unknown, secret: string): boolean {
  return typeof given === 'string' && isSameSecret(given, secret);
}
