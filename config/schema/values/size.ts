// A size of memory, written as "512M" or "2G". It stays text in the configuration: zod omits the default of
// a key with a transform from the JSON schema. bytesOf() parses it.
import { z } from 'zod';

const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const least = 16 * 2 ** 20;

export const size = z
  .string()
  .refine((text) => bytesOf(text) >= least && Number.isSafeInteger(bytesOf(text)), {
    error: 'must be a size of at least 16M, such as 512M or 2G',
  });

/** The bytes of a size, rounded down; NaN for any other text. */
export function bytesOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  return Math.floor(Number.parseFloat(number) * (units[unit] ?? Number.NaN));
}
