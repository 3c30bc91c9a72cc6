// bubblewrap's arguments, as a pure function, for review.
// Not here: starting it (launch.ts), the first program inside (gate.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { ReadOnlyMount } from '../cgroups/inside.ts';
import { consoleDevice } from '../mounts/terminals.ts';
import { descriptors, mapping } from './descriptors.ts';
import type { FileView, Mount } from './file-view.ts';

export interface BwrapSpec {
  readonly files: FileView;
  /** The source of each mount of the kind "temporary", by its path. */
  readonly temporarySources: Readonly<Record<string, string>>;
  /** Always read-only, whatever `files` says. */
  readonly closed: readonly ReadOnlyMount[];
  /** The descriptor from which each synthetic file is copied, to its end, in the order of `files.synthetic`. */
  readonly syntheticDescriptors: readonly number[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** The ids inside, where bubblewrap runs as the root of an outer user namespace (wrapper/); null: its own. */
  readonly identity: { readonly uid: number; readonly gid: number } | null;
  /** Whether it waits for the maps of its user namespace (descriptors.ts). */
  readonly waitsForMaps: boolean;
  /** Whether the gate is process 1, and becomes portwrap-init (gate.ts). Then bubblewrap leaves it the life FIFO. */
  readonly gateIsInit: boolean;
  /** The sandbox shares the terminal of its caller, which lies at /dev/console. */
  readonly terminal: boolean;
  /** Capabilities for the gate in an unprivileged launch; it drops them before the payload runs. */
  readonly gateCapabilities: readonly string[];
}

/** The content of `--args`: not visible in a process list, so the environment may contain secrets. */
export function bwrapArgs(spec: BwrapSpec): string[] {
  const { files } = spec;
  return [
    // own user, network, pid and ipc namespaces; all processes end with pid 1 or the monitor
    ...['--unshare-user', '--unshare-net', '--unshare-pid', '--unshare-ipc', '--die-with-parent'],
    ...(spec.gateIsInit ? ['--as-pid-1'] : []),
    ...(spec.identity === null ? [] : identityArgs(spec.identity)),
    ...(spec.waitsForMaps
      ? ['--info-fd', String(mapping.report), '--userns-block-fd', String(mapping.done)]
      : []),
    ...fileArgs(files, spec.syntheticDescriptors, spec.temporarySources, spec.terminal),
    ...spec.closed.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--chdir', spec.workingDirectory],
    ...spec.gateCapabilities.flatMap((capability) => ['--cap-add', capability]),
    ...['--seccomp', String(descriptors.filter)],
    '--clearenv',
    ...Object.entries(spec.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--json-status-fd', String(descriptors.status)],
    ...['--sync-fd', String(descriptors.life)],
  ];
}

/** bwrap takes no more words, of its command line and `--args` together. */
const mostArguments = 9_000;

/** Throws USAGE if bwrap would refuse its arguments; `outside` is how many there are beside `args`. */
export function checkAmount(
  spec: Pick<BwrapSpec, 'environment'>,
  args: readonly string[],
  outside: number,
): void {
  if (args.length + outside < mostArguments) return;
  const variables = Object.keys(spec.environment).length;
  throw new PortwrapError(
    'USAGE',
    `the command and its environment are too long for bubblewrap: ${args.length + outside} words, at most ${mostArguments}`,
    { hint: `Each of the ${variables} variables counts three times. Put some of them into a file.` },
  );
}

/** The host's files, then the mounts that hide some of them, then those that make some visible again. */
function fileArgs(
  files: FileView,
  synthetic: readonly number[],
  temporarySources: Readonly<Record<string, string>>,
  terminal: boolean,
): string[] {
  return [
    ...(files.readOnlyRoot
      ? ['--ro-bind', '/', '/', '--dev-bind', '/dev', '/dev']
      : ['--dev-bind', '/', '/']),
    ...(files.devices === null ? [] : deviceArgs(files.devices, terminal)),
    ...['--proc', '/proc'],
    ...files.mounts.flatMap((mount) => mountArgs(mount, temporarySources)),
    // mode 0600, owned by the user
    ...files.synthetic.flatMap(({ path }, index) => {
      const descriptor = synthetic[index];
      return descriptor === undefined ? [] : ['--ro-bind-data', String(descriptor), path];
    }),
    // only after the mounts below them were made
    ...files.mounts.flatMap(({ kind, path }) => (kind === 'hidden-directory' ? ['--remount-ro', path] : [])),
  ];
}

function mountArgs(
  { kind, path, bytes }: Mount,
  temporarySources: Readonly<Record<string, string>>,
): string[] {
  const size = bytes === undefined ? [] : ['--size', String(bytes)];
  switch (kind) {
    case 'temporary': {
      const source = temporarySources[path];
      if (source === undefined) throw new Error(`no directory was made for ${path}`);
      return ['--bind', source, path];
    }
    case 'scratch':
      return [...size, '--perms', '1777', '--tmpfs', path];
    case 'private':
      return [...size, '--perms', '0700', '--tmpfs', path];
    case 'hidden-directory':
      return ['--perms', '0555', '--tmpfs', path];
    case 'hidden-file':
      return ['--ro-bind', '/dev/null', path];
    case 'read-only':
      return ['--ro-bind', path, path];
    case 'writable':
      return ['--bind', path, path];
  }
}

/** To root, bubblewrap would leave all capabilities. */
function identityArgs({ uid, gid }: { readonly uid: number; readonly gid: number }): string[] {
  return ['--uid', String(uid), '--gid', String(gid), '--cap-drop', 'ALL'];
}

/**
 * bwrap's own --dev would put the payload in a user namespace below that of the network, which neither its gate nor
 * slirp4netns as the user could then use; so the devpts is there before (mounts/terminals.ts).
 */
function deviceArgs(devices: readonly string[], terminal: boolean): string[] {
  return [
    // it is the user's, and needs room for names only
    ...['--size', '1048576', '--perms', '0755', '--tmpfs', '/dev'],
    ...[...devices, ...(terminal ? [consoleDevice] : [])].flatMap((path) => ['--dev-bind', path, path]),
    ...['--symlink', 'pts/ptmx', '/dev/ptmx'],
    ...['--perms', '1777', '--dir', '/dev/shm'],
    ...['fd', 'stdin', 'stdout', 'stderr'].flatMap((name, index) => [
      '--symlink',
      name === 'fd' ? '/proc/self/fd' : `/proc/self/fd/${index - 1}`,
      `/dev/${name}`,
    ]),
  ];
}
