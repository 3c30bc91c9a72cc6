// portwrap-servers.scope in portwrap.slice: the scope for all servers of a service that runs as root under systemd. They
// cannot stay in the service's own group: systemd cannot restart a service in a group that delegates controllers.
// Not here: a scope for a single sandbox (scope.ts), the groups in it (cgroup.ts).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { runTool, startChild } from '../system/child.ts';
import { withDeadline } from '../system/deadline.ts';
import type { Toolbox } from '../system/tools.ts';
import { unifiedGroupOf } from './hierarchies.ts';
import { type CgroupRoot, type Cgroups, enterLeaf, handDown, noRoot } from './root.ts';
import { keeperName, scopeArgv, slice } from './scope.ts';

export interface ServersScopeInput {
  readonly tools: Toolbox;
  /** The mount point of version 2. */
  readonly mount: string;
  /** Called with the reason if the scope cannot be opened; the next launch tries again. */
  readonly report: (reason: string) => void;
}

const scope = {
  manager: 'system',
  unit: 'portwrap-servers',
  description: 'Servers of portwrap-spawner',
} as const;
/** The group in it for processes that are no sandbox's, such as fork servers. */
const outliving = 'others';
/** Milliseconds that systemd may take to create the scope. */
const scopeDeadline = 30_000;
/** systemd may still be removing the scope of a service that has just ended. */
const mostTries = 5;

/** Creates the scope, or joins that of an earlier service whose servers still run; creates it again if it was removed. */
export function openServersScope(input: ServersScopeInput): Cgroups {
  let closed = false;
  let latest: Promise<Opened | null> = Promise.resolve(null);
  const renew = async (opened: Opened | null): Promise<Opened | null> => {
    if (closed || (opened !== null && existsSync(join(opened.directory, keeperName)))) return opened;
    opened?.keeper.end();
    return enterScope(input).catch((error: Error) => {
      input.report(error.message);
      return null;
    });
  };
  // sequentially: of many launches at once, only the first creates it
  const current = () => (latest = latest.then(renew));
  return {
    scope: null,
    async root() {
      return (
        (await current())?.root ?? noRoot('systemd created no scope for servers; see the log of the service.')
      );
    },
    async outlive(pids) {
      const opened = await current();
      if (opened !== null) enterLeaf(opened.directory, outliving, pids);
    },
    close() {
      closed = true;
      void latest.then((opened) => opened?.keeper.end());
    },
  };
}

interface Opened {
  readonly directory: string;
  readonly root: CgroupRoot;
  readonly keeper: Keeper;
}

/** Throws LIMITS_UNAVAILABLE. */
async function enterScope({ tools, mount }: ServersScopeInput): Promise<Opened> {
  const keep = [tools('sh'), '-c', 'printf k && read -r _', 'portwrap'];
  for (let tries = 1; ; tries += 1) {
    const made = await startKeeper(scopeArgv(tools, scope, 0, keep));
    if ('pid' in made) return settle(made, unifiedGroupOf(made.pid) ?? mount);
    const other = await startKeeper(keep);
    const joined =
      'pid' in other ? await joinScope(tools, other, join(mount, slice, `${scope.unit}.scope`)) : null;
    if (joined !== null) return joined;
    if (tries === mostTries) {
      throw new PortwrapError(
        'LIMITS_UNAVAILABLE',
        `systemd-run could not create ${scope.unit}.scope: ${made.said}`,
      );
    }
  }
}

/** Null if the scope does not exist, or is being removed. */
async function joinScope(tools: Toolbox, keeper: Keeper, directory: string): Promise<Opened | null> {
  try {
    const opened = settle(keeper, directory);
    const { code } = await runTool(tools('systemctl'), ['is-active', '--quiet', `${scope.unit}.scope`]);
    if (code === 0) return opened;
  } catch {
    // it was removed meanwhile
  }
  keeper.end();
  return null;
}

function settle(keeper: Keeper, directory: string): Opened {
  try {
    enterLeaf(directory, keeperName, [keeper.pid]);
    return { directory, keeper, root: handDown(directory) };
  } catch (error) {
    keeper.end();
    throw error;
  }
}

/** A process in the scope that keeps it until the service ends. */
interface Keeper {
  readonly pid: number;
  end(): void;
}

/** Resolves when it runs, or with its messages if it could not be started. */
async function startKeeper(argv: readonly string[]): Promise<Keeper | { said: string }> {
  const [program = '', ...rest] = argv;
  const child = startChild(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const { pid, stdin, stdout, stderr } = child.process;
  let said = '';
  stdin?.on('error', () => {}); // it may have exited already
  stderr?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const end = () => void stdin?.end();
  const runs = new Promise<boolean>((resolve) => {
    stdout?.once('data', () => resolve(true));
    child.process.once('close', () => resolve(false));
  });
  if (pid === undefined) await child.exited; // rejects with the reason
  const late = () =>
    new PortwrapError('LIMITS_UNAVAILABLE', `systemd created no scope within ${scopeDeadline} ms`);
  try {
    if (pid !== undefined && (await withDeadline(runs, scopeDeadline, late))) return { pid, end };
  } catch (error) {
    child.process.kill('SIGKILL');
    throw error;
  }
  return { said: said.trim() || 'no message' };
}
