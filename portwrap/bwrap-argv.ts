// bubblewrap's arguments, as a pure function: the table a reviewer of the sandbox reads.
// Not here: starting it (launch.ts), what runs inside first (gate.ts).
import type { FileView } from './file-view.ts';

/**
 * Descriptors that bwrap inherits, below the gate's and the synthetic files'. No --info-fd: bwrap writes the
 * same to the status file, and with a pipe that has lost its reader it would die between two of its own
 * processes and leave one of them behind for ever.
 */
export const bwrapDescriptors = { args: 3, status: 4, life: 7 } as const;

export interface BwrapSpec {
  readonly files: FileView;
  /** The descriptor from which each synthetic file is copied, in the order of `files.synthetic`. */
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
    ...['--unshare-user', '--unshare-net', '--unshare-pid', '--die-with-parent'],
    // the machine as it is, then what must not be seen is covered, then what must stay is put back
    ...['--dev-bind', '/', '/'],
    ...['--proc', '/proc'],
    ...files.covered.flatMap((path) => ['--perms', '1777', '--tmpfs', path]),
    ...files.hidden.flatMap((path) => ['--perms', '0755', '--tmpfs', path]),
    ...files.kept.flatMap((path) => ['--bind', path, path]),
    ...files.synthetic.flatMap(({ path }, index) => {
      const descriptor = spec.syntheticDescriptors[index];
      return descriptor === undefined ? [] : ['--ro-bind-data', String(descriptor), path];
    }),
    ...['--chdir', spec.workingDirectory],
    ...spec.gateCapabilities.flatMap((capability) => ['--cap-add', capability]),
    '--clearenv',
    ...Object.entries(spec.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--json-status-fd', String(bwrapDescriptors.status)],
    ...['--sync-fd', String(bwrapDescriptors.life)],
  ];
}
