// A mount namespace of its own for a program that runs as root: whatever it mounts or unmounts stays there. Mounts
// that the host makes or removes later still arrive (mount_namespaces(7), slave propagation), so automounts work and
// nothing of the host is kept busy. Not here: programs that run as another account, which cannot mount anything.
import type { Toolbox } from './tools.ts';

/** The argv that runs `argv` in a mount namespace of its own, under the same pid. */
export function inOwnMounts(tools: Toolbox, argv: readonly string[]): string[] {
  return [tools('unshare'), '--mount', '--propagation', 'slave', '--', ...argv];
}
