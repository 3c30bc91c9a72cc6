// Where a path leads that may be a symbolic link. Not here: opening it.
import { readlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * The path at the end of a chain of symbolic links, which need not exist; the path itself if it is none. Links among its
 * directories stay. Rejects with ELOOP for a chain without end.
 */
export async function linkTarget(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links < maxLinks; links++) {
    const next = await readlink(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EINVAL' || error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (next === undefined) return at;
    at = resolve(dirname(at), next);
  }
  throw Object.assign(new Error(`ELOOP: too many symbolic links, '${path}'`), { code: 'ELOOP' });
}

/** The kernel's limit (path_resolution(7)). */
const maxLinks = 40;
