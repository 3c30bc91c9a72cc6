// Checks that the service can write its state. Not here: the state (records/records.ts, records/state-directory.ts).
import { errorCatalogue } from '../../config/errors.ts';
import type { Records } from '../records/records.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import type { HealthReason } from './health.ts';

/** Rejects with STORAGE_FAILED when the directory cannot be used. Otherwise first repeats failed writes. */
export async function checkStorage(
  state: Pick<StateDirectory, 'path' | 'probe'>,
  records: Pick<Records, 'catchUp'>,
): Promise<readonly HealthReason[]> {
  await state.probe();
  const behind = await records.catchUp();
  if (behind === 0) return [];
  const message = `${behind} records in ${state.path} are out of date: a restarted service would read wrong states`;
  return [{ code: 'STORAGE_FAILED', message, hint: errorCatalogue.STORAGE_FAILED.hint, endsStarts: false }];
}

/** The reason when its file system does not respond. */
export function storageLate({ path }: Pick<StateDirectory, 'path'>): HealthReason {
  const message = `the file system of ${path} does not respond`;
  const hint = 'Check dmesg, and the machine or disk that it is mounted from.';
  return { code: 'STORAGE_FAILED', message, hint, endsStarts: true };
}
