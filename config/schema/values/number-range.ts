// A range of numbers, written "LOW-HIGH" (both inclusive) and parsed into {low, high}.
import { z } from 'zod';

/** `least` and `most` bound both ends; `low` may equal `high`. */
export function numberRange(least: number, most: number) {
  const rule = `must be "LOW-HIGH", two numbers from ${least} to ${most}, the lower one first`;
  return z
    .string()
    .regex(/^\d{1,10}-\d{1,10}$/, { error: rule, abort: true })
    .transform((text, ctx) => {
      const [low = 0, high = 0] = text.split('-').map(Number);
      if (low < least || high > most || low > high) ctx.addIssue(rule);
      return { low, high };
    });
}
