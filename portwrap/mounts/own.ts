// A mount namespace of its own for a program that mounts something: its mounts and unmounts do not affect the host. Later
// mounts and unmounts of the host still propagate into it (mount_namespaces(7), slave propagation), so automounts work
// and no host mount is kept busy. Not here: those of the sandbox, which bubblewrap makes.
import type { Toolbox } from '../system/tools.ts';

/** The argv that runs `argv`, as root, in a mount namespace of its own, with the same pid. */
export function inOwnMounts(tools: Toolbox, argv: readonly string[]): string[] {
  return [tools('unshare'), ...ownMounts, '--', ...argv];
}

/** The same without root: it runs as the root of a user namespace of its own, which is the account that starts it. */
export function inOwnUsers(tools: Toolbox, argv: readonly string[]): string[] {
  return [tools('unshare'), '--user', '--map-root-user', ...ownMounts, '--', ...argv];
}

const ownMounts = ['--mount', '--propagation', 'slave'];
