// bubblewrap's arguments, as a pure function: the table a reviewer of the sandbox reads.
// Not here: starting it (launch.ts), what runs inside first (gate.ts).
import type { ReadOnlyMount } from '../cgroups/inside.ts';
import { descriptors } from './descriptors.ts';
import type { FileView, Mount } from './file-view.ts';

export interface BwrapSpec {
  readonly files: FileView;
  /** Seen, and never writable, whatever is above. */
  readonly closed: readonly ReadOnlyMount[];
  /** The descriptor from which each synthetic file is copied, to its end, in the order of `files.synthetic`. */
  readonly syntheticDescriptors: readonly number[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Capabilities for the gate in an unprivileged launch; it drops them before the payload runs. */
  readonly gateCapabilities: readonly string[];
}

/** What goes into `--args`: nobody sees it in a process list, so the environment may hold secrets. */
export function bwrapArgs(spec: BwrapSpec): string[] {
  const { files } = spec;
  return [
    // namespaces: own users, network, processes; the whole tree dies with its pid 1 or the monitor
    ...['--unshare-user', '--unshare-net', '--unshare-pid', '--unshare-ipc', '--die-with-parent'],
    ...fileArgs(files, spec.syntheticDescriptors),
    ...spec.closed.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--chdir', spec.workingDirectory],
    ...spec.gateCapabilities.flatMap((capability) => ['--cap-add', capability]),
    ...['--seccomp', String(descriptors.filter)],
    '--clearenv',
    ...Object.entries(spec.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    // no --info-fd: bwrap writes the same to the status file, and with a pipe that has lost its reader it would
    // die between two of its own processes and leave one of them behind for ever
    ...['--json-status-fd', String(descriptors.status)],
    ...['--sync-fd', String(descriptors.life)],
  ];
}

/** The machine, then what must not be seen is covered, then what must stay is put back. */
function fileArgs(files: FileView, synthetic: readonly number[]): string[] {
  return [
    ...(files.readOnlyRoot
      ? ['--ro-bind', '/', '/', '--dev-bind', '/dev', '/dev']
      : ['--dev-bind', '/', '/']),
    ...(files.devices === null ? [] : deviceArgs(files.devices)),
    ...['--proc', '/proc'],
    ...files.mounts.flatMap(mountArgs),
    // with the mode 0600, and as the user's own
    ...files.synthetic.flatMap(({ path }, index) => {
      const descriptor = synthetic[index];
      return descriptor === undefined ? [] : ['--ro-bind-data', String(descriptor), path];
    }),
    // only now, when what lies below them is in its place
    ...files.mounts.flatMap(({ kind, path }) => (kind === 'hidden-directory' ? ['--remount-ro', path] : [])),
  ];
}

function mountArgs({ kind, path }: Mount): string[] {
  switch (kind) {
    case 'scratch':
      return ['--perms', '1777', '--tmpfs', path];
    case 'private':
      return ['--perms', '0700', '--tmpfs', path];
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
    ...['--perms', '0755', '--tmpfs', '/dev'],
    ...devices.flatMap((path) => ['--dev-bind', path, path]),
    ...['--perms', '1777', '--dir', '/dev/shm'],
    ...['fd', 'stdin', 'stdout', 'stderr'].flatMap((name, index) => [
      '--symlink',
      name === 'fd' ? '/proc/self/fd' : `/proc/self/fd/${index - 1}`,
      `/dev/${name}`,
    ]),
  ];
}
