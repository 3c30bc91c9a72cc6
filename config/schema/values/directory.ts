// The absolute path of a directory, without a trailing slash. Not here: checking that it exists.
import { z } from 'zod';

const absolute = /^\/(?:[^\0]*[^\0/])?$/;

export function directory(mostBytes: number) {
  return z
    .string()
    .regex(absolute, { error: 'must be an absolute path without "/" at its end' })
    .refine((path) => Buffer.byteLength(path) <= mostBytes, {
      error: `must be at most ${mostBytes} bytes long`,
    });
}
