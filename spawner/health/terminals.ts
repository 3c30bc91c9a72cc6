// Checks that servers can open terminals: their /dev/pts is this machine's. Not here: opening one.
import { statfs } from 'node:fs/promises';
import { errorCatalogue } from '../../config/errors.ts';
import type { HealthReason } from './health.ts';

/** DEVPTS_SUPER_MAGIC, statfs(2). */
const devpts = 0x1cd1;

/** The problems of the terminals' file system. */
export async function checkTerminals(path = '/dev/pts'): Promise<readonly HealthReason[]> {
  const type = await statfs(path).then(
    (found) => found.type,
    () => null,
  );
  if (type === devpts) return [];
  const message = `no terminal can be opened in any server: ${path} is ${type === null ? 'missing' : 'not mounted'}`;
  return [
    {
      ...{ code: 'TERMINALS_UNAVAILABLE', message, endsStarts: false },
      hint: errorCatalogue.TERMINALS_UNAVAILABLE.hint,
    },
  ];
}
