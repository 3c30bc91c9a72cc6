// The scope portwrap-servers.scope in portwrap.slice: where the servers of a service of root live under systemd. They
// cannot stay in the service's own group: systemd could not start the service again in a group that hands controllers
// down. Not here: a scope for a single sandbox (scope.ts), the groups in it (cgroup.ts).
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
  /** Where version 2 is mounted. */
  readonly mount: string;
  /** Told why there is no scope; the next launch tries again. */
  readonly report: (reason: string) => void;
}

const scope = {
  manager: 'system',
  unit: 'portwrap-servers',
  description: 'Servers of portwrap-spawner',
} as const;
/** Milliseconds that systemd has to make the scope. */
const scopeDeadline = 30_000;
/** The scope of a service that has ended a moment ago may be going while ours is asked for. */
const mostTries = 5;

/** Opens the scope, joins one in which servers of an earlier service run, and opens it again when it has gone. */
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
  return {
    scope: null,
    async root() {
      // one after the other: of many launches at once the first opens it, and the others find it
      latest = latest.then(renew);
      return (
        (await latest)?.root ?? noRoot('systemd gives no scope for servers; the log of the service says why.')
      );
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
        `systemd-run could not make ${scope.unit}.scope: ${made.said}`,
      );
    }
  }
}

/** Null when it is not there, or is going. */
async function joinScope(tools: Toolbox, keeper: Keeper, directory: string): Promise<Opened | null> {
  try {
    const opened = settle(keeper, directory);
    const { code } = await runTool(tools('systemctl'), ['is-active', '--quiet', `${scope.unit}.scope`]);
    if (code === 0) return opened;
  } catch {
    // it has gone meanwhile
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

/** A process of ours that keeps the scope for as long as the service runs: it ends with the service. */
interface Keeper {
  readonly pid: number;
  end(): void;
}

/** Resolves when it runs, or with what was said when it could not be started. */
async function startKeeper(argv: readonly string[]): Promise<Keeper | { said: string }> {
  const [program = '', ...rest] = argv;
  const child = startChild(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const { pid, stdin, stdout, stderr } = child.process;
  let said = '';
  stdin?.on('error', () => {}); // it may have ended
  stderr?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const end = () => void stdin?.end();
  const runs = new Promise<boolean>((resolve) => {
    stdout?.once('data', () => resolve(true));
    child.process.once('close', () => resolve(false));
  });
  if (pid === undefined) await child.exited; // rejects with the reason
  const late = () =>
    new PortwrapError('LIMITS_UNAVAILABLE', `systemd made no scope within ${scopeDeadline} ms`);
  try {
    if (pid !== undefined && (await withDeadline(runs, scopeDeadline, late))) return { pid, end };
  } catch (error) {
    child.process.kill('SIGKILL');
    throw error;
  }
  return { said: said.trim() || 'it gave no reason' };
}
