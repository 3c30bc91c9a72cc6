// A sandbox's view of the file system: that of the machine, or read-only except for the home ("strict"); always without
// the paths through which a payload could leave the sandbox. Not here: bwrap's arguments (bwrap-argv.ts).
import { existsSync, realpathSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { PortwrapError } from '../../config/errors.ts';
import { hostsFile } from '../network/own-name.ts';
import { type Found, type Look, pathUnavailable } from '../system/look.ts';
import { memoryBounds } from '../temporary/bounds.ts';
import { ownPart } from '../temporary/registration.ts';
import { includedSshConfig } from './ssh-config.ts';
import type { SyntheticFile } from './synthetic-file.ts';

/** One path that differs from the machine's own. */
export interface Mount {
  /**
   * temporary: new, empty, writable for every account, on disk. scratch: the same in memory. private: the same, for the
   * user only. hidden-directory: empty and read-only, except for mounts inside it. hidden-file: unreadable. read-only,
   * writable: the machine's own content, with this permission whatever surrounds it.
   */
  readonly kind:
    | 'temporary'
    | 'scratch'
    | 'private'
    | 'hidden-directory'
    | 'hidden-file'
    | 'read-only'
    | 'writable';
  readonly path: string;
  /** The bytes that a file system in memory may have. */
  readonly bytes?: number;
}

export interface FileView {
  /** Whether the whole machine is read-only before the mounts. */
  readonly readOnlyRoot: boolean;
  /** The device nodes inside; null: those of the machine. */
  readonly devices: readonly string[] | null;
  /** Where the mounts of the kind "temporary" come from: "disk" (/var/tmp), or a directory without links in its path. */
  readonly temporaryIn: string;
  /** The most that these may have together, on disk; null: no bound. */
  readonly temporaryBytes: number | null;
  /** In mount order: a path follows its parents, otherwise they would cover it again. */
  readonly mounts: readonly Mount[];
  /** Small read-only files that we generate. */
  readonly synthetic: readonly SyntheticFile[];
}

export const fileViewPresets = ['host', 'strict'] as const;
export const deviceChoices = ['all', 'basic'] as const;

export interface FileViewRequest {
  /** "host": the user's normal view of the machine. "strict": read-only except for `keep` and `readWrite`. */
  readonly preset?: (typeof fileViewPresets)[number];
  /** Directories that stay visible and writable: home, working directory. */
  readonly keep: readonly string[];
  /**
   * Files and directories that must be invisible. In these lists "-" before a path means that it may be missing; a
   * hidden path may always be missing.
   */
  readonly hide: readonly string[];
  /** The state directory of the service; hidden. This process checks it itself. */
  readonly state?: string;
  readonly readOnly?: readonly string[];
  readonly readWrite?: readonly string[];
  /** Directories that are new and empty inside, and removed with the sandbox. */
  readonly temporary?: readonly string[];
  /**
   * Where these, /tmp and /var/tmp are kept: "disk" (default; below /var/tmp of the machine), "memory", or a directory
   * of the machine in which the user can make directories.
   */
  readonly temporaryIn?: string;
  /**
   * In memory the bytes that each of them may have; null or absent: in proportion to the memory. On disk, where it needs
   * root, those that all of them may have together; null or absent: no bound.
   */
  readonly temporarySize?: number | null;
  /** The memory limit of the server in bytes, by which file systems in memory are bounded; null or absent: none. */
  readonly memory?: number | null;
  /** "all": the machine's devices, as permissions allow. "basic": those every program needs, and `extraDevices`. */
  readonly devices?: (typeof deviceChoices)[number];
  /** Of the machine; one with "-" before it may be missing. */
  readonly extraDevices?: readonly string[];
  /** Devices of the machine that are not visible in spite of "all". */
  readonly hideDevices?: readonly string[];
  /** The uid whose /run/user/UID exists inside, empty; absent: no such directory. */
  readonly uid?: number;
  /** Files in addition to those that are always there. */
  readonly synthetic?: readonly SyntheticFile[];
}

/** Shared scratch space: it contains other users' sockets (tmux, ssh-agent, X11). */
const temporaryPaths = ['/tmp', '/var/tmp'];
const sharedMemory = ['/dev/shm'];
/**
 * Directories with the sockets of this machine's programs: ssh, D-Bus, systemd, container engines, databases. A payload
 * that connects to one has left the sandbox, and some are created later; so only the paths named below are visible.
 */
const listeners = ['/run', '/var/run'];
/** In /dev: the socket of a logger that is not systemd's, and the message queues of the machine's programs. */
const inDevices = ['/dev/log', '/dev/mqueue'];
/** Sockets that serve only account lookups: nscd, nslcd, winbind. Those of sssd are below /var/lib. */
const lookups = ['/run/nscd', '/run/nslcd', '/run/samba/winbindd'];
/** Directories of which every sandbox has its own, unless its user or an administrator declares otherwise. */
export const replacedDirectories = [...temporaryPaths, ...sharedMemory, ...listeners] as const;
/** NixOS's programs and graphics drivers in these directories. */
const programs = ['/run/current-system', '/run/booted-system', '/run/opengl-driver', '/run/opengl-driver-32'];
/** Directories there in which every program may write. */
const shared = ['/run/lock', '/run/screen'];
const basicDevices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'pts'].map(
  (name) => `/dev/${name}`,
);

/**
 * The view for a request. Hidden and optional paths that do not exist are left out; any other missing path is refused
 * with SANDBOX_FAILED, and an inaccessible one with PATH_UNAVAILABLE. `look` checks the paths that are a user's or
 * declared; the others are on the root file system.
 */
export async function fileView(request: FileViewRequest, look: Look): Promise<FileView> {
  const declared = [
    ...request.hide,
    ...(request.readOnly ?? []),
    ...(request.readWrite ?? []),
    ...(request.temporary ?? []),
    ...storageDirectory(request),
  ].map((path) => parsePath(path).path);
  // a path of the user needs a check, which costs a process, only if it may have to be made visible again
  const isBound = request.preset === 'strict' || declared.length > 0 || request.keep.some(isCoveredAlways);
  const found = await look([...new Set([...declared, ...(isBound ? request.keep : [])])]);
  return viewOf(request, (path) => found.get(path) ?? { kind: 'missing' });
}

/** `at` returns the result of the check of a path. */
function viewOf(request: FileViewRequest, at: (path: string) => Found): FileView {
  const strict = request.preset === 'strict';
  const existing = (paths: readonly string[] = []) => paths.flatMap((path) => existingPath(path, at));
  const bounds = memoryBounds(request.memory ?? availableMemory(), request.temporarySize ?? null);
  const inMemory = (bytes: number) => (path: string) => ({ ...as('scratch')(path), bytes });
  const temporary = request.temporaryIn === 'memory' ? inMemory(bounds.temporary) : as('temporary');
  const [storage] = existing(storageDirectory(request));
  // the first entry for a path counts: hidden paths stay hidden, declarations override defaults
  const ofMachine = [
    ...listeners,
    ...(request.devices === 'basic' ? [] : inDevices),
    ...(request.devices === 'basic' ? [] : (request.hideDevices ?? [])),
    ...(request.state === undefined ? [] : [request.state]),
  ];
  const mounts: Mount[] = [
    ...ofMachine.flatMap(hiddenOfMachine),
    ...request.hide.flatMap((path) => hiddenPath(parsePath(path).path, at)),
    ...existing(request.readOnly).map(as('read-only')),
    ...(request.readWrite ?? []).flatMap((path) => writablePath(path, request.keep, at)).map(as('writable')),
    ...existing(request.temporary).map(temporary),
    ...[...lookups, ...programs].filter(existsSync).map(as('read-only')),
    ...shared.filter(existsSync).map(inMemory(bounds.runtime)),
    ...(request.uid === undefined
      ? []
      : [{ ...as('private')(`/run/user/${request.uid}`), bytes: bounds.runtime }]),
    ...realPaths(temporaryPaths).map(temporary),
    ...realPaths(sharedMemory).map(inMemory(bounds.shared)),
  ];
  // another sandbox of the user must not reach into this one
  const storages = storage === undefined || request.uid === undefined ? [] : [ownPart(storage, request.uid)];
  mounts.push(
    ...storages
      .filter((path) => !mounts.some((mount) => isBelow(path, mount.path) && isNew.has(mount.kind)))
      .map(as('hidden-directory')),
  );
  const isCovered = (path: string) => strict || mounts.some((mount) => isBelow(path, mount.path));
  const kept = request.keep.flatMap((path) => keptPath(path, isCovered, at)).map(as('writable'));
  return {
    readOnlyRoot: strict,
    temporaryIn: storage ?? 'disk',
    temporaryBytes: request.temporaryIn === 'memory' ? null : (request.temporarySize ?? null),
    devices: request.devices === 'basic' ? devicesOf(request) : null,
    mounts: onceHidden(distinct([...mounts, ...kept]).sort((a, b) => depth(a.path) - depth(b.path))),
    synthetic: [...hostsFile(), ...includedSshConfig(), ...(request.synthetic ?? [])],
  };
}

/** In systemd's notation (systemd.exec(5)): a path with "-" before it is left out if it does not exist. */
function parsePath(text: string): { path: string; optional: boolean } {
  const optional = text.startsWith('-');
  return { path: optional ? text.slice(1) : text, optional };
}

/** Mounts whose content is not the machine's. */
const isNew: ReadonlySet<Mount['kind']> = new Set(['temporary', 'scratch', 'private']);

/** The directory that the request names for temporary files. */
function storageDirectory({ temporaryIn }: FileViewRequest): string[] {
  return temporaryIn?.startsWith('/') ? [temporaryIn] : [];
}

/** Bytes: of the machine, or of the control group that this process is in. */
function availableMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** A mount cannot be made on a symbolic link, such as /tmp on some machines. */
function realPaths(paths: readonly string[]): string[] {
  return paths.filter(existsSync).map((path) => realpathSync(path));
}

/** Whether it is below a path that is covered in every view. */
function isCoveredAlways(path: string): boolean {
  const covered = [...realPaths([...temporaryPaths, ...sharedMemory]), ...temporaryPaths, ...listeners];
  return covered.some((directory) => isBelow(path, directory));
}

function existingPath(text: string, at: (path: string) => Found): string[] {
  const { path, optional } = parsePath(text);
  const found = at(path);
  if (found.kind === 'refused') throw pathUnavailable(path, found.reason);
  if (found.kind !== 'missing') return [found.path];
  if (optional) return [];
  throw missing(path);
}

/** A symbolic link that the user can create must not make other parts of a read-only machine writable. */
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

/** A hidden path that cannot be covered is refused: it could become visible inside. */
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
  // "/" as home or working directory must not make a read-only machine writable again
  if (real === '/' || found.kind === 'missing' || !isCovered(real)) return [];
  if (found.kind === 'refused') throw pathUnavailable(path, found.reason);
  return [real];
}

function devicesOf({ extraDevices = [] }: FileViewRequest): readonly string[] {
  const declared = [...basicDevices, ...extraDevices].map(parsePath);
  const lost = declared.find(({ path, optional }) => !optional && !existsSync(path));
  if (lost !== undefined) throw missing(lost.path);
  return [...new Set(declared.map(({ path }) => path))].filter(existsSync);
}

function as(kind: Mount['kind']): (path: string) => Mount {
  return (path) => ({ kind, path });
}

function distinct(mounts: readonly Mount[]): Mount[] {
  return mounts.filter(({ path }, index) => mounts.findIndex((mount) => mount.path === path) === index);
}

/** Paths in a hidden directory need no hiding. Expects the outermost mounts first. */
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
