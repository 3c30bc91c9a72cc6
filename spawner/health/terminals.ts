// Checks that servers can open terminals: each mounts its own at this machine's /dev/pts. Not here: opening one.
import { stat } from 'node:fs/promises';
import { errorCatalogue } from '../../config/errors.ts';
import type { HealthReason } from './health.ts';

/** The problems of the terminals' directory. */
export async function checkTerminals(path = '/dev/pts'): Promise<readonly HealthReason[]> {
  const exists = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (exists) return [];
  const message = `no terminal can be opened in any server: there is no directory ${path}`;
  return [
    {
      ...{ code: 'TERMINALS_UNAVAILABLE', message, endsStarts: false },
      hint: errorCatalogue.TERMINALS_UNAVAILABLE.hint,
    },
  ];
}
