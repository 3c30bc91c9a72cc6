// A transient systemd scope for one sandbox, so that limits can be set for a command without a control group of its own.
// A keeper process in it keeps the scope until the launcher has read the exit code and the usage.
// Not here: the scope of a service for all of its servers (servers-scope.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import type { Toolbox } from '../system/tools.ts';
import { unifiedGroupOf } from './hierarchies.ts';
import { type CgroupRoot, enterLeaf, handDown } from './root.ts';
import type { ScopeManager } from './way.ts';

/** Contains all of our scopes: one place to monitor and to limit all servers together. */
export const slice = 'portwrap.slice';

/** The group of the keeper processes. */
export const keeperName = 'keeper';

export interface Scope {
  readonly manager: ScopeManager;
  /** Its name without ".scope". */
  readonly unit: string;
  readonly description: string;
}

/** The argv that runs `argv` in a scope that is delegated to us (Delegate=, systemd.resource-control(5)). */
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
 * Prepares the scope of `child` for the sandbox's group: moves its processes, all of them ours, into the keeper's group.
 * Throws LIMITS_UNAVAILABLE.
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
    throw new PortwrapError('LIMITS_UNAVAILABLE', `cannot use the systemd scope of the sandbox: ${why}`, {
      cause,
    });
  }
}
