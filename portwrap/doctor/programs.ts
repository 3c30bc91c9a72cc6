// Checks that the programs are installed and have the options that we use, by their --help: distributions backport
// features, so version numbers are not reliable. Not here: whether they work (sandbox.ts, network.ts).
import { keepsLargeTransfers } from '../network/pasta-argv.ts';
import { runTool } from '../system/child.ts';
import { helpOf } from '../system/tool-help.ts';
import type { ToolName } from '../system/tools.ts';
import { type Check, type DoctorContext, failed, fixOf, ok, warning } from './check.ts';

/** The options that we use of each program, as its help spells them. */
export const neededOptions: Readonly<Partial<Record<ToolName, readonly string[]>>> = {
  bwrap: [
    ...['--args', '--json-status-fd', '--sync-fd', '--info-fd', '--userns-block-fd'],
    ...['--die-with-parent', '--perms', '--ro-bind-data'],
  ],
  env: ['--default-signal', '--ignore-signal'],
  mkfifo: ['--mode'],
  mount: ['--no-mtab', '--internal-only', '--types'],
  nft: ['--file'],
  nsenter: ['--net'],
  setpriv: [
    '--reuid',
    '--regid',
    '--init-groups',
    '--inh-caps',
    '--ambient-caps',
    '--bounding-set',
    '--no-new-privs',
  ],
  setsid: ['--fork'],
  unshare: ['--mount', '--propagation', '--user', '--map-root-user'],
};

const uplinkOptions = {
  slirp4netns: ['--ready-fd', '--exit-fd', '--api-socket', '--enable-seccomp', '--disable-dns'],
  pasta: ['--foreground', '--config-net', '--dns-forward', '--ns-ifname', '--pid', '--runas'],
} as const;

export async function checkPrograms(context: DoctorContext): Promise<Check[]> {
  const { uplink } = context.network;
  const needed = { ...neededOptions, ...(uplink === null ? {} : { [uplink]: uplinkOptions[uplink] }) };
  return Promise.all(
    Object.entries(needed).map(async ([name, options]) => {
      const tool = name as ToolName;
      let path: string;
      try {
        path = context.tools(tool);
      } catch (error) {
        return evaluateMissing(tool, error);
      }
      const [help, version] = await Promise.all([helpOf(context.tools, tool), runTool(path, ['--version'])]);
      return evaluateProgram(tool, options, help, version.output);
    }),
  );
}

function evaluateMissing(tool: ToolName, error: unknown): Check {
  return failed(tool, 'is not installed', 'No sandbox can be started without it.', fixOf(error));
}

export function evaluateProgram(
  tool: ToolName,
  options: readonly string[],
  help: string,
  version: string,
): Check {
  const missing = options.filter((option) => !help.includes(option));
  const known = /\d+\.\d+[\w.-]*/.exec(version.split('\n')[0] ?? '')?.[0] ?? 'of unknown version';
  if (missing.length === 0 && tool === 'pasta' && !keepsLargeTransfers(help)) {
    return warning(
      tool,
      'this version can stall in large transfers, or end them short',
      'An upload or a download of some 64 MB may be incomplete, without any message.',
      'Install passt of 2024-08 or later, or use slirp4netns.',
    );
  }
  if (missing.length === 0) return ok(tool, known);
  return failed(
    tool,
    `${known} lacks ${missing.join(', ')}`,
    /busybox/i.test(help)
      ? 'This is busybox; the full program is needed.'
      : 'It is too old: a launch needs these options.',
    `Install a newer ${tool}; bubblewrap 0.8, slirp4netns 1.2, util-linux 2.38 and coreutils 9.1 are enough.`,
  );
}
