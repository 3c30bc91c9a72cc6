// Enters our AppArmor profiles (apparmor/portwrap) where AppArmor restricts unprivileged user namespaces, as on Ubuntu.
// By name and not by the path of bubblewrap, which other programs use too and which may have a profile of its own.
// Not here: the profiles (apparmor/), what is wrong with them (doctor/apparmor.ts).
import { readFileOrNull } from './read-file.ts';
import type { Toolbox } from './tools.ts';

/** The switch of Ubuntu's kernels; others lack it. */
const restriction = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
/** proc(5), /proc/PID/attr: the profile from the next execve on. */
const nextProfile = '/proc/self/attr/apparmor/exec';

/** Whether ordinary programs are kept from user namespaces with capabilities. It can change while this process runs. */
export function restrictsNamespaces(): boolean {
  return readFileOrNull(restriction)?.trim() === '1';
}

/**
 * The argv that executes `argv` in our profile, if namespaces are restricted. A machine without the profile may have
 * allowed bubblewrap in another way, so that failing to enter it is no error: bubblewrap reports what it may not do.
 * Root must enter it before it switches to an account, which may not have the right to
 * (kernel.apparmor_restrict_unprivileged_unconfined).
 */
export function inProfile(
  tools: Toolbox,
  argv: readonly string[],
  restricted = restrictsNamespaces(),
): string[] {
  if (!restricted) return [...argv];
  const enter = `printf 'exec portwrap' 2>/dev/null >${nextProfile}\nexec "$@"`;
  return [tools('sh'), '-c', enter, 'portwrap', ...argv];
}

/**
 * Lines of sh(1) after which the next program cannot use capabilities, nor can its children, in whatever namespace:
 * without them, users would get by our profile what the administrator denies them. In another profile they do nothing.
 */
export const restrictPayload = [
  'read -r profile 2>/dev/null </proc/self/attr/apparmor/current',
  `case $profile in "portwrap "* | portwrap//*) printf 'stack portwrap-payload' >${nextProfile} || exit 1 ;; esac`,
];
