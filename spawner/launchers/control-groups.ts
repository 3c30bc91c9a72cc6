// The control groups of this machine as they are now: their file system may be unmounted, or become read-only, while the
// service runs, and come back. Not here: opening them (portwrap/cgroups/root.ts), the group of a sandbox.
import { dirname } from 'node:path';
import { type PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import {
  applyTotal,
  type CgroupPlace,
  type CgroupRoot,
  type Cgroups,
  type CgroupWay,
  cgroupSurroundings,
  findCgroupWay,
  isWritable,
  neededControllers,
  openCgroups,
  openServersScope,
  removeCgroup,
  type Toolbox,
  type TotalLimits,
} from '../../portwrap/index.ts';
import type { HealthReason } from '../health/health.ts';
import { profileLimits } from './sandbox-spec.ts';

export interface ControlGroups extends Cgroups {
  outlive(pids: readonly number[]): Promise<void>;
  /** The sandbox of that group has ended. If its group could not be removed, that is done when it can. */
  leave(place: CgroupPlace): void;
  /** Looks for them again where there are none. Answers with what is missing for these profiles. */
  look(
    profiles: readonly Pick<Profile, 'name' | 'launcher' | 'resources'>[],
  ): Promise<readonly HealthReason[]>;
}

/** `total`: what all servers together may use; asked for at every start, so a reload can change it. */
export async function openControlGroups(
  tools: Toolbox,
  log: Logger,
  total: () => TotalLimits,
): Promise<ControlGroups> {
  const report = (reason: string) => log.warn({ reason }, 'systemd did not create a scope for servers');
  const groups = await watchControlGroups({
    find: () => findCgroupWay('service', cgroupSurroundings()),
    open: (way) =>
      way.kind === 'scope' ? openServersScope({ tools, mount: way.mount, report }) : openCgroups(way),
    total,
  });
  const { directories, hint, refusal } = await groups.root();
  if (refusal !== undefined)
    log.error(
      { code: refusal.code, reason: refusal.message, hint: refusal.hint },
      'no server can be started',
    );
  // never a reason not to serve: servers without limits need none
  if (Object.keys(directories).length === 0)
    log.warn({ hint }, 'no control groups: profiles with limits are refused, and usage is unknown');
  return groups;
}

export interface ControlGroupsInput {
  readonly find: () => CgroupWay;
  readonly open: (way: CgroupWay) => Cgroups;
  readonly total: () => TotalLimits;
}

const mountAgain =
  'Was the control group file system unmounted, or made read-only? Mount it as it was when the service started.';

export async function watchControlGroups({ find, open, total }: ControlGroupsInput): Promise<ControlGroups> {
  let way = find();
  let opened = open(way);
  /** What could be used at the best of times. */
  let best: CgroupRoot['directories'] = {};
  const root = async (): Promise<CgroupRoot> => {
    const found = await opened.root();
    const usable = Object.entries(found.directories).filter(([, directory]) => isWritable(directory));
    const directories: CgroupRoot['directories'] = Object.fromEntries(usable);
    const isWorse = Object.keys(best).some((name) => !(name in directories));
    if (!isWorse) best = directories;
    const hint = isWorse ? `${found.hint} ${mountAgain}`.trim() : found.hint;
    const usableRoot = { ...found, directories, hint };
    // one after the other: a change of several files is whole
    limited = limited.then(() => limitAll(usableRoot));
    return { ...usableRoot, refusal: await limited };
  };
  /** The limits of all together, and the groups that have them; they are written again only when one of them changes. */
  let applied = '';
  let limited: Promise<PortwrapError | undefined> = Promise.resolve(undefined);
  const limitAll = async (found: CgroupRoot): Promise<PortwrapError | undefined> => {
    const wanted = JSON.stringify([found.directories, total()]);
    if (wanted === applied) return undefined;
    applied = '';
    try {
      await applyTotal(found, total());
    } catch (error) {
      return toPortwrapError(error);
    }
    applied = wanted;
    return undefined;
  };
  /** The way is as it was found, and another one may be there now; a scope is asked for again by itself. */
  const findAgain = async () => {
    if (way.kind === 'scope' || Object.keys((await root()).directories).length > 0) return;
    way = find();
    opened = open(way);
  };
  /** Groups of sandboxes that ended while their file system was away. */
  const behind = new Set<CgroupPlace>();
  await root();
  return {
    leave(place) {
      const isAway = Object.values(place.directories).some((directory) => !isWritable(dirname(directory)));
      if (isAway) behind.add(place);
    },
    scope: opened.scope,
    root,
    isRequired: () => neededControllers(total()).length > 0,
    outlive: async (pids) => opened.outlive?.(pids),
    close: () => opened.close(),
    async look(profiles) {
      await findAgain();
      const { version, directories, hint, refusal } = await root();
      const lost = Object.entries(best).filter(([name]) => !(name in directories));
      const refused = profiles.filter(
        (profile) =>
          profile.launcher === 'local' &&
          neededControllers(profileLimits(profile), version).some(
            (controller) => directories[controller] === undefined,
          ),
      );
      if (lost.length === 0) {
        for (const place of behind) await removeCgroup(place).catch(() => {}); // whatever is in it is not ours
        behind.clear();
      }
      if (refusal !== undefined)
        return [{ code: refusal.code, message: refusal.message, hint: refusal.hint, endsStarts: true }];
      if (lost.length === 0 && refused.length === 0) return [];
      const where = [...new Set(lost.map(([, directory]) => directory))].join(', ');
      const what =
        lost.length > 0
          ? `the control groups in ${where} are gone or read-only`
          : 'control groups are missing';
      const names = refused.map(({ name }) => `"${name}"`).join(', ');
      const result =
        refused.length > 0
          ? `no server of the profiles ${names} can be started, because their limits need them`
          : 'servers are started without them, and their usage is unknown';
      const endsStarts = refused.length > 0 && refused.length === profiles.length;
      return [{ code: 'LIMITS_UNAVAILABLE', message: `${what}: ${result}`, hint, endsStarts }];
    },
  };
}

/** When they do not answer (systemd makes a scope): only what needs limits waits for them. */
export const controlGroupsLate: HealthReason = {
  code: 'LIMITS_UNAVAILABLE',
  message: 'checking the control groups timed out',
  hint: 'Check that systemd responds: systemctl status portwrap-servers.scope.',
  endsStarts: false,
};
