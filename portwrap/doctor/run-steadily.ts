// Runs a probe in which bubblewrap gets all mounts of this machine. Like a launch (mounts/steady.ts), one that failed while
// mounts came or went, such as an automount, is run again. Not here: the probes.
import { readMountinfo } from '../mounts/table.ts';
import type { ToolRun } from '../system/child.ts';

export interface Watched {
  readonly readMounts?: () => string;
  readonly tries?: number;
}

/** The first run that succeeded, or that failed while nothing changed; after `tries` runs the last one. */
export async function runSteadily(
  run: () => Promise<ToolRun>,
  { readMounts = () => readMountinfo('self'), tries = 4 }: Watched = {},
): Promise<ToolRun> {
  const before = readMounts();
  const done = await run();
  if (done.code === 0 || tries <= 1 || readMounts() === before) return done;
  return runSteadily(run, { readMounts, tries: tries - 1 });
}
