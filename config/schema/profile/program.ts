// The values of `command`, `environment` and `path`, in a profile and in the choices of its options.
// Not here: what they mean (../profiles.ts, sets.ts).
import { z } from 'zod';
import { directory } from '../values/directory.ts';

const noNul = /^[^\0]*$/;

export const command = z
  .array(z.string().min(1).regex(noNul, { error: 'must not contain a NUL character' }))
  .min(1);

export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be a name of letters, digits and "_"' }),
  z.string().regex(noNul, { error: 'must not contain a NUL character' }),
);

export const searchPath = z
  .array(
    directory(4096).refine((path) => !path.includes(':'), { error: 'must not contain ":", which ends it' }),
  )
  .min(1);

/** Whether the variable controls the code that the dynamic loader, a shell or an interpreter runs first, or is JupyterHub's: no user sets it. */
export function isReserved(variable: string): boolean {
  return /^(?:LD_|JUPYTERHUB_|PYTHON|BASH_ENV$|ENV$|PATH$|HOME$|USER$|LOGNAME$|SHELL$|IFS$)/.test(variable);
}
