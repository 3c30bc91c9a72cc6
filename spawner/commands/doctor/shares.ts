// Which limits and shares of the configuration bind on this machine: those of all servers together, weights, soft limits.
// Not here: whether control groups can be used at all (portwrap/doctor/cgroups.ts).
import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Config, ConfigFile } from '../../../config/load.ts';
import { bytesOf } from '../../../config/schema/values/size.ts';
import {
  type CgroupWay,
  type Check,
  cgroupSurroundings,
  findCgroupWay,
  ok,
  readFileOrNull,
  warning,
} from '../../../portwrap/index.ts';

export function collectShareChecks(config: Pick<ConfigFile, 'limits' | 'profiles'>): Check[] {
  const way = findCgroupWay('command', cgroupSurroundings());
  return evaluateShares(config, {
    version: way.kind === 'none' ? null : way.kind === 'v1' ? 1 : 2,
    cpus: availableParallelism(),
    memory: totalmem(),
    disks: disksWithWeights(way),
  });
}

export interface ShareMachine {
  /** Of the control groups; null: there are none. */
  readonly version: 1 | 2 | null;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** The disks on which io_weight counts. */
  readonly disks: readonly string[];
}

/** One check for each kind that the configuration uses. */
export function evaluateShares(
  { limits, profiles }: Pick<Config, 'limits' | 'profiles'>,
  machine: ShareMachine,
): Check[] {
  const local = profiles.filter(({ launcher }) => launcher === 'local');
  const users = (key: 'cpu_weight' | 'io_weight' | 'memory_high') =>
    local.filter(({ resources }) => resources[key] !== null).map(({ name }) => name);
  return [
    ...evaluateTotal(limits, machine),
    ...evaluate('cpu_weight', users('cpu_weight'), machine, () => null),
    ...evaluate('io_weight', users('io_weight'), machine, ({ disks }) =>
      disks.length > 0
        ? null
        : {
            what: 'no disk of this machine takes weights into account',
            fix: 'Choose the scheduler bfq for a disk: echo bfq > /sys/block/DISK/queue/scheduler',
          },
    ),
    ...evaluate('memory_high', users('memory_high'), machine, ({ version }) =>
      version === 2
        ? null
        : {
            what: 'with control groups of version 1 it holds only while the machine is short of memory',
            fix: 'Boot with control groups of version 2: systemd.unified_cgroup_hierarchy=1',
          },
    ),
  ];
}

function evaluateTotal(limits: Config['limits'], { version, cpus, memory }: ShareMachine): Check[] {
  const name = 'limits of all servers together';
  const set = (['memory', 'cpus', 'processes'] as const).filter((key) => limits[key] !== null);
  if (set.length === 0) return [];
  const shown = set.map((key) => `${key} ${limits[key]}`).join(', ');
  if (version === null)
    return [
      warning(name, `${shown}: there are no control groups`, 'Every start is refused.', noControlGroups),
    ];
  const idle = [
    ...(limits.cpus !== null && limits.cpus >= cpus ? [`this machine has ${cpus} CPUs`] : []),
    ...(limits.memory !== null && bytesOf(limits.memory) >= memory
      ? [`this machine has ${Math.floor(memory / 2 ** 20)}M of memory`]
      : []),
  ];
  if (idle.length === 0) return [ok(name, `${shown}: they bind`)];
  const why = 'Nothing is kept for the hub, sshd and the system.';
  return [warning(name, `${shown}: ${idle.join(', ')}`, why, 'Set lower values in "limits".')];
}

function evaluate(
  key: string,
  profiles: readonly string[],
  machine: ShareMachine,
  problem: (machine: ShareMachine) => { readonly what: string; readonly fix: string } | null,
): Check[] {
  if (profiles.length === 0) return [];
  const used = `in ${profiles.join(', ')}`;
  if (machine.version === null)
    return [
      warning(key, `${used}: there are no control groups`, 'Their starts are refused.', noControlGroups),
    ];
  const found = problem(machine);
  if (found === null) return [ok(key, `${used}: it binds`)];
  return [warning(key, `${used}: ${found.what}`, 'It does not bind.', found.fix)];
}

const noControlGroups = 'See "control groups" above.';

/** Those with the scheduler bfq, and with version 2 those with io.cost, which its root lists as "MAJ:MIN enable=1 …". */
function disksWithWeights(way: CgroupWay): string[] {
  const mount = way.kind === 'scope' ? way.mount : '/sys/fs/cgroup';
  const costed = (readFileOrNull(join(mount, 'io.cost.qos')) ?? '')
    .split('\n')
    .filter((line) => line.includes('enable=1'));
  return [...bfqDisks('/sys/block'), ...costed.map((line) => line.split(' ')[0] ?? '')];
}

function bfqDisks(directory: string): string[] {
  try {
    return readdirSync(directory).filter((disk) =>
      (readFileOrNull(join(directory, disk, 'queue/scheduler')) ?? '').includes('[bfq]'),
    );
  } catch {
    return []; // a container without /sys
  }
}
