// What a sandbox sees of the file system: the machine as it is, or read-only but for the home ("strict"), always
// without the ways out that a path can be. Not here: how bwrap is told (bwrap-argv.ts).
import { existsSync, realpathSync, statSync } from 'node:fs';
import { PortwrapError } from '../config/errors.ts';
import { slirpNetwork } from './policy.ts';

export interface SyntheticFile {
  readonly path: string;
  readonly content: string;
}

/** In the order in which it is built: later parts lie over earlier ones. */
export interface FileView {
  /** Is all of the machine read-only to begin with? */
  readonly readOnlyRoot: boolean;
  /** The device nodes that exist inside; null: those of the machine. */
  readonly devices: readonly string[] | null;
  /** Fresh, empty and writable for everybody: shared places where sockets of other programs lie. */
  readonly covered: readonly string[];
  /** Directories that must not be seen at all: empty and read-only. */
  readonly hiddenDirectories: readonly string[];
  /** Files that must not be read: empty. */
  readonly hiddenFiles: readonly string[];
  /** Seen as they are, but not writable. */
  readonly readOnly: readonly string[];
  /** Writable as they are: the home and working directory, and what is declared. */
  readonly writable: readonly string[];
  /** Small read-only files of our own making. */
  readonly synthetic: readonly SyntheticFile[];
}

export interface FileViewRequest {
  /** "host": the user's normal view of the machine. "strict": read-only but for `keep` and `readWrite`. */
  readonly preset?: 'host' | 'strict';
  /** Directories that stay visible and writable: home, working directory. */
  readonly keep: readonly string[];
  /** Files and directories that must not be seen: the service's state, and what is declared. */
  readonly hide: readonly string[];
  readonly readOnly?: readonly string[];
  readonly readWrite?: readonly string[];
  /** Directories that are fresh and empty inside, and gone afterwards. */
  readonly temporary?: readonly string[];
  /** "all": the machine's devices, as permissions allow. "basic": what every program needs, and `extraDevices`. */
  readonly devices?: 'all' | 'basic';
  readonly extraDevices?: readonly string[];
  /** Files besides resolv.conf. */
  readonly synthetic?: readonly SyntheticFile[];
}

/** Shared scratch space: other users' sockets (tmux, ssh-agent, X11) and shared memory lie there. */
const scratch = ['/tmp', '/dev/shm'];
/** Sockets of the session manager, of D-Bus and of container engines: talking to them is a way out. */
const sockets = [
  '/run/user',
  '/run/dbus',
  '/run/systemd/private',
  ...['/run/docker.sock', '/run/containerd', '/run/podman', '/run/snapd.socket'],
];
const basicDevices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts'].map((name) => `/dev/${name}`);

/**
 * The view for a request. Hidden paths that do not exist are left out; any other one that does not exist is
 * refused with SANDBOX_FAILED, naming it.
 */
export function fileView(request: FileViewRequest): FileView {
  const strict = request.preset === 'strict';
  const covered = [...scratch, ...(strict ? ['/var/tmp'] : []), ...(request.temporary ?? [])].filter(existsSync);
  const hidden = [...sockets, ...request.hide].filter(existsSync).map((path) => realpathSync(path));
  const isFile = (path: string) => !statSync(path).isDirectory();
  const masked = [...covered, ...hidden];
  const kept = request.keep.filter((path) => strict || masked.some((mask) => isBelow(path, mask)));
  return {
    readOnlyRoot: strict,
    devices: request.devices === 'basic' ? existing([...basicDevices, ...(request.extraDevices ?? [])]) : null,
    covered,
    hiddenDirectories: hidden.filter((path) => !isFile(path)),
    hiddenFiles: hidden.filter(isFile),
    readOnly: existing(request.readOnly ?? []),
    // a root directory that is somebody's home or working directory must not make the machine writable again
    writable: existing([...new Set([...kept, ...(request.readWrite ?? [])])].filter((path) => path !== '/').sort()),
    synthetic: [...resolvConf(), ...(request.synthetic ?? [])],
  };
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function existing(paths: readonly string[]): readonly string[] {
  const missing = paths.find((path) => !existsSync(path));
  if (missing === undefined) return paths;
  throw new PortwrapError('SANDBOX_FAILED', `the path ${missing} does not exist on this machine`, {
    hint: 'Correct the list of paths that the sandbox was given, or make the path.',
  });
}

/** The host's resolver may be a loopback one, dead inside; the forwarder's answers for it. */
function resolvConf(): SyntheticFile[] {
  // it is a symbolic link on many systems, and a file can only be put over what it points to
  const path = existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : null;
  return path === null ? [] : [{ path, content: `nameserver ${slirpNetwork.dns}\n` }];
}
