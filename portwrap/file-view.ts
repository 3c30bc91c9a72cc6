// What a sandbox sees of the file system: the machine as it is, but for the ways out that a path can be.
// Not here: how bwrap is told (bwrap-argv.ts).
import { existsSync, realpathSync } from 'node:fs';
import { slirpNetwork } from './policy.ts';

export interface SyntheticFile {
  readonly path: string;
  readonly content: string;
}

export interface FileView {
  /** Fresh, empty and writable for everybody: shared places where sockets of other programs lie. */
  readonly covered: readonly string[];
  /** Fresh and empty: must not be seen at all. */
  readonly hidden: readonly string[];
  /** Put back after covering: the home and working directory, when they lie below a covered path. */
  readonly kept: readonly string[];
  /** Small read-only files of our own making. */
  readonly synthetic: readonly SyntheticFile[];
}

export interface FileViewRequest {
  /** Directories that must stay visible and writable: home, working directory. */
  readonly keep: readonly string[];
  /** Directories that must not be seen: the service's state. */
  readonly hide: readonly string[];
  /** Files besides resolv.conf. */
  readonly synthetic?: readonly SyntheticFile[];
}

/** Shared scratch space: other users' sockets (tmux, ssh-agent, X11) and shared memory lie there. */
const scratch = ['/tmp', '/dev/shm'];
/** Sockets of the session manager and D-Bus: talking to them is a way out of the sandbox. */
const sockets = ['/run/user', '/run/dbus', '/run/systemd/private'];

/** The default view. Paths that do not exist on this machine are left out. */
export function defaultFileView(request: FileViewRequest): FileView {
  const covered = scratch.filter(existsSync);
  const hidden = [...sockets, ...request.hide].filter(existsSync).map((path) => realpathSync(path));
  const masked = [...covered, ...hidden];
  return {
    covered,
    hidden,
    kept: [...new Set(request.keep)].filter((path) => masked.some((mask) => isBelow(path, mask))).sort(),
    synthetic: [...resolvConf(), ...(request.synthetic ?? [])],
  };
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

/** The host's resolver may be a loopback one, dead inside; the forwarder's answers for it. */
function resolvConf(): SyntheticFile[] {
  // it is a symbolic link on many systems, and a file can only be put over what it points to
  const path = existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : null;
  return path === null ? [] : [{ path, content: `nameserver ${slirpNetwork.dns}\n` }];
}
