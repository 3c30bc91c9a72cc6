// bubblewrap's arguments, as a pure function, for review.
// Not here: starting it (launch.ts), the first program inside (gate.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { ReadOnlyMount } from '../cgroups/inside.ts';
import { descriptors } from './descriptors.ts';
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
  /** Capabilities for the gate in an unprivileged launch; it drops them before the payload runs. */
  readonly gateCapabilities: readonly string[];
}

/** The content of `--args`: not visible in a process list, so the environment may contain secrets. */
export function bwrapArgs(spec: BwrapSpec): string[] {
  const { files } = spec;
  return [
    // own user, network, pid and ipc namespaces; all processes end with pid 1 or the monitor
    ...['--unshare-user', '--unshare-net', '--unshare-pid', '--unshare-ipc', '--die-with-parent'],
    ...fileArgs(files, spec.syntheticDescriptors, spec.temporarySources),
    ...spec.closed.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--chdir', spec.workingDirectory],
    ...spec.gateCapabilities.flatMap((capability) => ['--cap-add', capability]),
    ...['--seccomp', String(descriptors.filter)],
    '--clearenv',
    ...Object.entries(spec.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    // no --info-fd: bwrap writes the same to the status file, and on a pipe without a reader it would die between two
    // forks and leave a process behind for ever
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
): string[] {
  return [
    ...(files.readOnlyRoot
      ? ['--ro-bind', '/', '/', '--dev-bind', '/dev', '/dev']
      : ['--dev-bind', '/', '/']),
    ...(files.devices === null ? [] : deviceArgs(files.devices)),
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

/** bwrap's own --dev would add a user namespace level, which slirp4netns as the user cannot enter. */
function deviceArgs(devices: readonly string[]): string[] {
  return [
    // it is the user's, and needs room for names only
    ...['--size', '1048576', '--perms', '0755', '--tmpfs', '/dev'],
    ...devices.flatMap((path) => ['--dev-bind', path, path]),
    ...['--perms', '1777', '--dir', '/dev/shm'],
    ...['fd', 'stdin', 'stdout', 'stderr'].flatMap((name, index) => [
      '--symlink',
      name === 'fd' ? '/proc/self/fd' : `/proc/self/fd/${index - 1}`,
      `/dev/${name}`,
    ]),
  ];
}
