// Notices when one of some files has changed, by looking at them every few seconds: inotify(7) does not see what is
// renamed behind a symbolic link (as certbot does), nor changes that another machine makes on a network file system.
// Not here: reading the files (certificates.ts).
import { stat } from 'node:fs/promises';

/**
 * Calls `changed` when one of them was replaced, written, made or removed since the last look; the first one is over
 * when the promise resolves. Returns the function that stops this.
 */
export async function watchFiles(paths: readonly string[], changed: () => void): Promise<() => void> {
  if (paths.length === 0) return () => undefined;
  let last = await look(paths);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const lookAgain = async (): Promise<void> => {
    const now = await look(paths);
    if (isStopped) return;
    if (now !== last) changed();
    last = now;
    schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(lookAgain, interval).unref();
  };
  schedule();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** One after the other: a file system that does not respond blocks one thread of Node, not all of them. */
async function look(paths: readonly string[]): Promise<string> {
  const seen: string[] = [];
  for (const path of paths) seen.push(await identity(path));
  return seen.join();
}

async function identity(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

/** Milliseconds. */
const interval = 5000;
