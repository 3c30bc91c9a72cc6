// What people see in the place of a name.
import { z } from 'zod';

/** At most 80 characters on one line. */
export const titleText = z
  .string()
  .max(80)
  .regex(/^\P{Cc}*\S\P{Cc}*$/u, { error: 'must be one line, and not blank' });
