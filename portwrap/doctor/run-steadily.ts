// Runs a probe in which bubblewrap gets all mounts of this machine. Like a launch, one that failed while mounts came or went,
// such as an automount, is run again. Not here: the probes.
import { repeatWhileMountsChange, type Watched } from '../mounts/steady.ts';
import type { ToolRun } from '../system/child.ts';

/** The first run that succeeded, or that failed while nothing changed; after `tries` runs the last one. */
export function runSteadily(run: () => Promise<ToolRun>, watched: Watched = {}): Promise<ToolRun> {
  return repeatWhileMountsChange(run, ({ code }) => code !== 0, watched);
}
