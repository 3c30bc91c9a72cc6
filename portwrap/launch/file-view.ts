// What a sandbox sees of the file system: the machine as it is, or read-only but for the home ("strict"), always
// without the ways out that a path can be. Not here: how bwrap is told (bwrap-argv.ts).
import { existsSync, realpathSync, statSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import { slirpNetwork } from '../network/policy.ts';
import { type Found, type Look, pathUnavailable } from '../system/look.ts';
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
  /**
   * Files and directories that must not be seen. In these lists "-" before a path means that it may be missing; what
   * is hidden may always be.
   */
  readonly hide: readonly string[];
  /** The state directory of the service, which is ours to look at; hidden. */
  readonly state?: string;
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
 * The view for a request. Hidden and optional paths that do not exist are left out; any other one that does not
 * exist is refused with SANDBOX_FAILED, and one that cannot be looked at with PATH_UNAVAILABLE. What is a user's or
 * declared is looked at by `look`; the rest is on the root file system.
 */
export async function fileView(request: FileViewRequest, look: Look): Promise<FileView> {
  const declared = [
    ...request.hide,
    ...(request.readOnly ?? []),
    ...(request.readWrite ?? []),
    ...(request.temporary ?? []),
  ].map((path) => parsePath(path).path);
  // a process more is only worth it when something of the user's may have to be put back
  const isBound = request.preset === 'strict' || declared.length > 0 || request.keep.some(isCoveredAlways);
  const found = await look([...new Set([...declared, ...(isBound ? request.keep : [])])]);
  return viewOf(request, (path) => found.get(path) ?? { kind: 'missing' });
}

/** `at` is what was found at a path. */
function viewOf(request: FileViewRequest, at: (path: string) => Found): FileView {
  const strict = request.preset === 'strict';
  const existing = (paths: readonly string[] = []) => paths.flatMap((path) => existingPath(path, at));
  // of one path the first word counts: what is hidden stays hidden, what is declared beats the default
  const mounts: Mount[] = [
    ...[...listeners, ...(request.state === undefined ? [] : [request.state])].flatMap(hiddenOfMachine),
    ...request.hide.flatMap((path) => hiddenPath(parsePath(path).path, at)),
    ...existing(request.readOnly).map(as('read-only')),
    ...(request.readWrite ?? []).flatMap((path) => writablePath(path, request.keep, at)).map(as('writable')),
    ...existing(request.temporary).map(as('scratch')),
    ...[...lookups, ...programs].filter(existsSync).map(as('read-only')),
    ...shared.filter(existsSync).map(as('scratch')),
    ...(request.uid === undefined ? [] : [as('private')(`/run/user/${request.uid}`)]),
    ...[...scratch, ...(strict ? ['/var/tmp'] : [])].filter(existsSync).map(as('scratch')),
  ];
  const isCovered = (path: string) => strict || mounts.some((mount) => isBelow(path, mount.path));
  const kept = request.keep.flatMap((path) => keptPath(path, isCovered, at)).map(as('writable'));
  return {
    readOnlyRoot: strict,
    devices: request.devices === 'basic' ? devicesOf(request) : null,
    mounts: onceHidden(distinct([...mounts, ...kept]).sort((a, b) => depth(a.path) - depth(b.path))),
    synthetic: [...resolvConf(), ...includedSshConfig(), ...(request.synthetic ?? [])],
  };
}

/** As systemd writes it (systemd.exec(5)): with "-" before it, a path that does not exist is left out. */
function parsePath(text: string): { path: string; optional: boolean } {
  const optional = text.startsWith('-');
  return { path: optional ? text.slice(1) : text, optional };
}

/** It is below a path of which nothing is seen in any view. */
function isCoveredAlways(path: string): boolean {
  return [...scratch, ...listeners].some((covered) => isBelow(path, covered));
}

function existingPath(text: string, at: (path: string) => Found): string[] {
  const { path, optional } = parsePath(text);
  const found = at(path);
  if (found.kind === 'refused') throw pathUnavailable(path, found.reason);
  if (found.kind !== 'missing') return [found.path];
  if (optional) return [];
  throw missing(path);
}

/** A link that its user can make must not make anything else of a read-only machine writable. */
function writablePath(text: string, keep: readonly string[], at: (path: string) => Found): string[] {
  const { path } = parsePath(text);
  const around = keep.filter((kept) => isBelow(path, kept)).map(at);
  return existingPath(text, at).filter((real) => {
    if (around.every((kept) => !('path' in kept) || isBelow(real, kept.path))) return true;
    throw pathUnavailable(
      path,
      `it leads out of the directory of the user, to ${real}`,
      `Declare ${real} itself, if it is to be writable.`,
    );
  });
}

/** What must not be seen and cannot be covered is refused: it may be seen by whom it must not. */
function hiddenPath(path: string, at: (path: string) => Found): Mount[] {
  const found = at(path);
  if (found.kind === 'missing') return [];
  if (found.kind === 'refused') {
    const hint =
      'It must be hidden, so nothing was started. Hide a directory above it that the user can reach.';
    throw pathUnavailable(path, `its user cannot look at it (${found.reason})`, hint);
  }
  return [{ kind: found.kind === 'directory' ? 'hidden-directory' : 'hidden-file', path: found.path }];
}

function hiddenOfMachine(path: string): Mount[] {
  if (!existsSync(path)) return [];
  return [
    { kind: statSync(path).isDirectory() ? 'hidden-directory' : 'hidden-file', path: realpathSync(path) },
  ];
}

function keptPath(path: string, isCovered: (path: string) => boolean, at: (path: string) => Found): string[] {
  const found = at(path);
  const real = 'path' in found ? found.path : path;
  // a home or working directory of "/" must not make a read-only machine writable again
  if (real === '/' || found.kind === 'missing' || !isCovered(real)) return [];
  if (found.kind === 'refused') throw pathUnavailable(path, found.reason);
  return [real];
}

function devicesOf({ extraDevices = [] }: FileViewRequest): readonly string[] {
  const devices = [...basicDevices, ...extraDevices];
  const lost = devices.find((path) => !existsSync(path));
  if (lost !== undefined) throw missing(lost);
  return devices;
}

function as(kind: Mount['kind']): (path: string) => Mount {
  return (path) => ({ kind, path });
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

function missing(path: string): PortwrapError {
  return new PortwrapError('SANDBOX_FAILED', `the path ${path} does not exist on this machine`, {
    hint: 'Correct the list of paths that the sandbox was given, or make the path; one with "-" before it may be missing.',
  });
}

/** The host's resolver may be a loopback one, dead inside; the forwarder's answers for it. */
function resolvConf(): SyntheticFile[] {
  // it is a symbolic link on many systems, and a file can only be put over what it points to
  const path = existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : null;
  return path === null ? [] : [{ path, content: `nameserver ${slirpNetwork.dns}\n` }];
}
