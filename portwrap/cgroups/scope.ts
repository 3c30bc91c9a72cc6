// A transient scope of systemd for one sandbox: how a command without a control group of its own gets one that limits
// can be set in. The sandbox is started in it, together with a keeper that holds the scope until the launcher has read
// how the sandbox ended. Not here: the scope that a service has for all of its servers (servers-scope.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import type { Toolbox } from '../system/tools.ts';
import { unifiedGroupOf } from './hierarchies.ts';
import { type CgroupRoot, enterLeaf, handDown } from './root.ts';
import type { ScopeManager } from './way.ts';

/** All of our scopes lie in it: one place to look at, and to limit all servers together. */
export const slice = 'portwrap.slice';

/** The group of the processes that keep a scope. */
export const keeperName = 'keeper';

export interface Scope {
  readonly manager: ScopeManager;
  /** Its name without ".scope". */
  readonly unit: string;
  readonly description: string;
}

/** The argv that runs `argv` in a scope that systemd leaves to us (Delegate=, systemd.resource-control(5)). */
export function scopeArgv(tools: Toolbox, scope: Scope, uid: number, argv: readonly string[]): string[] {
  const user = [tools('env'), `XDG_RUNTIME_DIR=/run/user/${uid}`, tools('systemd-run'), '--user'];
  return [
    ...(scope.manager === 'user' ? user : [tools('systemd-run')]),
    ...['--scope', '--quiet', '--collect', `--unit=${scope.unit}`, `--slice=${slice}`],
    ...[`--description=${scope.description}`, '--property=Delegate=yes', '--'],
    ...argv,
  ];
}

/**
 * Makes room for a group in the scope that `child` was started in: whoever is in it moves into a group of the keeper.
 * All of them are ours, since systemd has made the scope for us. Throws LIMITS_UNAVAILABLE.
 */
export function settleInScope(child: number): CgroupRoot {
  const directory = unifiedGroupOf(child);
  try {
    if (directory?.endsWith('.scope') !== true) throw new Error(`the sandbox is in ${directory}`);
    const pids = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    enterLeaf(directory, keeperName, pids.map(Number));
    return handDown(directory);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new PortwrapError('LIMITS_UNAVAILABLE', `systemd's scope for the sandbox cannot be used: ${why}`, {
      cause,
    });
  }
}
