// What a sandbox sees of the file system: the machine as it is, or read-only but for the home ("strict"), always
// without the ways out that a path can be. Not here: how bwrap is told (bwrap-argv.ts).
import { existsSync, realpathSync, statSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import { slirpNetwork } from '../network/policy.ts';
import { includedSshConfig } from './ssh-config.ts';
import type { SyntheticFile } from './synthetic-file.ts';

/** One path that is not simply what the machine has there. */
export interface Mount {
  /**
   * scratch: fresh, empty, writable for everybody. private: the same for the user alone. hidden-directory: empty and
   * read-only, but for what is put into it. hidden-file: unreadable. read-only, writable: as it is, whatever lies around.
   */
  readonly kind: 'scratch' | 'private' | 'hidden-directory' | 'hidden-file' | 'read-only' | 'writable';
  readonly path: string;
}

export interface FileView {
  /** Is all of the machine read-only to begin with? */
  readonly readOnlyRoot: boolean;
  /** The device nodes that exist inside; null: those of the machine. */
  readonly devices: readonly string[] | null;
  /** In the order in which they are made: a path after those above it, or it would be covered again. */
  readonly mounts: readonly Mount[];
  /** Small read-only files of our own making. */
  readonly synthetic: readonly SyntheticFile[];
}

export const fileViewPresets = ['host', 'strict'] as const;
export const deviceChoices = ['all', 'basic'] as const;

export interface FileViewRequest {
  /** "host": the user's normal view of the machine. "strict": read-only but for `keep` and `readWrite`. */
  readonly preset?: (typeof fileViewPresets)[number];
  /** Directories that stay visible and writable: home, working directory. */
  readonly keep: readonly string[];
  /** Files and directories that must not be seen: the service's state, and what is declared. */
  readonly hide: readonly string[];
  readonly readOnly?: readonly string[];
  readonly readWrite?: readonly string[];
  /** Directories that are fresh and empty inside, and gone afterwards. */
  readonly temporary?: readonly string[];
  /** "all": the machine's devices, as permissions allow. "basic": what every program needs, and `extraDevices`. */
  readonly devices?: (typeof deviceChoices)[number];
  readonly extraDevices?: readonly string[];
  /** Whose /run/user/UID there is, empty; absent: nobody's. */
  readonly uid?: number;
  /** Files besides resolv.conf. */
  readonly synthetic?: readonly SyntheticFile[];
}

/** Shared scratch space: other users' sockets (tmux, ssh-agent, X11) and shared memory lie there. */
const scratch = ['/tmp', '/dev/shm'];
/**
 * Where programs of this machine listen: ssh, D-Bus, systemd, container engines, databases. Whoever talks to one of
 * them has left the sandbox, and some are made only later; so nothing of it is seen but what is named here.
 */
const listeners = ['/run', '/var/run'];
/** Sockets that only answer who an account is: nscd, nslcd, winbind. sssd's are below /var/lib. */
const lookups = ['/run/nscd', '/run/nslcd', '/run/samba/winbindd'];
/** What NixOS keeps there: its programs and its graphics drivers. */
const programs = ['/run/current-system', '/run/booted-system', '/run/opengl-driver', '/run/opengl-driver-32'];
/** Directories in it in which every program may write. */
const shared = ['/run/lock', '/run/screen'];
const basicDevices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts'].map(
  (name) => `/dev/${name}`,
);

/**
 * The view for a request. Hidden paths that do not exist are left out; any other one that does not exist is
 * refused with SANDBOX_FAILED, naming it.
 */
export function fileView(request: FileViewRequest): FileView {
  const strict = request.preset === 'strict';
  // of one path the first word counts: what is hidden stays hidden, what is declared beats the default
  const mounts: Mount[] = [
    ...[...listeners, ...request.hide].filter(existsSync).map((path) => hidden(realpathSync(path))),
    ...existing(request.readOnly ?? []).map(as('read-only')),
    ...existing(request.readWrite ?? []).map(as('writable')),
    ...existing(request.temporary ?? []).map(as('scratch')),
    ...[...lookups, ...programs].filter(existsSync).map(as('read-only')),
    ...shared.filter(existsSync).map(as('scratch')),
    ...(request.uid === undefined ? [] : [as('private')(`/run/user/${request.uid}`)]),
    ...[...scratch, ...(strict ? ['/var/tmp'] : [])].filter(existsSync).map(as('scratch')),
  ];
  const isCovered = (path: string) => strict || mounts.some((mount) => isBelow(path, mount.path));
  // a home or working directory of "/" must not make a read-only machine writable again
  const kept = request.keep
    .filter((path) => path !== '/' && isCovered(path) && existsSync(path))
    .map(as('writable'));
  return {
    readOnlyRoot: strict,
    devices:
      request.devices === 'basic' ? existing([...basicDevices, ...(request.extraDevices ?? [])]) : null,
    mounts: onceHidden(distinct([...mounts, ...kept]).sort((a, b) => depth(a.path) - depth(b.path))),
    synthetic: [...resolvConf(), ...includedSshConfig(), ...(request.synthetic ?? [])],
  };
}

function as(kind: Mount['kind']): (path: string) => Mount {
  return (path) => ({ kind, path });
}

function hidden(path: string): Mount {
  return { kind: statSync(path).isDirectory() ? 'hidden-directory' : 'hidden-file', path };
}

function distinct(mounts: readonly Mount[]): Mount[] {
  return mounts.filter(({ path }, index) => mounts.findIndex((mount) => mount.path === path) === index);
}

/** What lies in a directory that is hidden needs no hiding. The mounts come outermost first. */
function onceHidden(mounts: readonly Mount[]): Mount[] {
  return mounts.filter(({ kind, path }) => {
    const around = mounts.findLast((mount) => isBelow(path, mount.path));
    return !kind.startsWith('hidden-') || around?.kind !== 'hidden-directory';
  });
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
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
