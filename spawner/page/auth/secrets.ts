// Generates the secrets that browsers send back, and compares them. Not here: storing them.
import { randomBytes } from 'node:crypto';
import { isSameSecret } from '../../../config/system/same-secret.ts';

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in constant time. */
export function isSecret(given: unknown, secret: string): boolean {
  return typeof given === 'string' && isSameSecret(given, secret);
}
