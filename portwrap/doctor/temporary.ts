// Checks that temporary files on disk can be bounded, where a size is asked for. Whether the file system can be mounted,
// the launch tries (network.ts).
import { errorText } from '../../config/system/error-text.ts';
import { requireImages } from '../temporary/image.ts';
import { type Check, type DoctorContext, failed, fixOf, ok } from './check.ts';

export function checkTemporary({ tools, asRoot, temporarySize }: DoctorContext): Check[] {
  if (temporarySize === null) return [];
  const name = 'temporary files';
  try {
    requireImages(tools, asRoot);
  } catch (error) {
    const why = 'They have a size on disk, so every launch is refused.';
    return [failed(name, errorText(error), why, fixOf(error))];
  }
  return [ok(name, 'can be bounded on disk, by a file system on a loop device')];
}
