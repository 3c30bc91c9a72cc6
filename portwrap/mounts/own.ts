// A mount namespace of its own for a program that runs as root: its mounts and unmounts do not affect the host. Later
// mounts and unmounts of the host still propagate into it (mount_namespaces(7), slave propagation), so automounts work
// and no host mount is kept busy. Not here: programs of other accounts, which cannot mount anything.
import type { Toolbox } from '../system/tools.ts';

/** The argv that runs `argv` in a mount namespace of its own, with the same pid. */
export function inOwnMounts(tools: Toolbox, argv: readonly string[]): string[] {
  return [tools('unshare'), '--mount', '--propagation', 'slave', '--', ...argv];
}
