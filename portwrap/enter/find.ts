// Which sandbox a user means: one of their servers, or one that their own `portwrap` has started.
// Not here: entering it (enter.ts).
import { PortwrapError } from '../../config/errors.ts';
import { type Announcement, announced } from './announce.ts';
import { type Door, openDoors } from './door.ts';
import type { EnterTarget } from './enter.ts';
import { settleInside } from './settle.ts';

/** A sandbox with its names. */
export interface Candidate {
  /** The first one is shown. */
  readonly names: readonly string[];
  readonly isDefaultServer: boolean;
  readonly target: EnterTarget;
}

/**
 * The sandbox of the account `uid` that `server` names: a server's name, USER/NAME, or the host port of a command. Without a
 * name the default server, or else the only sandbox there is. Throws SANDBOX_UNKNOWN or SERVICE_UNREACHABLE.
 */
export async function findSandbox(
  uid: number,
  server: string | undefined,
): Promise<{ target: EnterTarget; close: () => void }> {
  const { open, failures } = await openDoors(uid);
  const close = () => {
    for (const door of open) door.close();
  };
  try {
    const candidates = [...open.flatMap(behind), ...announced(uid).map(command)];
    return { target: choose(candidates, server, uid === 0).target, close };
  } catch (error) {
    close();
    throw failures[0] ?? error; // it may be behind that door
  }
}

/** Throws SANDBOX_UNKNOWN, naming those that there are. */
export function choose(
  candidates: readonly Candidate[],
  server: string | undefined,
  isRoot = false,
): Candidate {
  const named = candidates.filter(({ names }) => server === undefined || names.includes(server));
  const byDefault = named.filter(({ isDefaultServer }) => isDefaultServer);
  const meant = server === undefined && byDefault.length > 0 ? byDefault : named;
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only;
  const list = candidates.map(({ names: [first] }) => first).join(', ');
  const some = candidates.length > 0 ? `You have: ${list}.` : null;
  const hint = isRoot
    ? 'portwrap-spawner enter SERVER enters the servers of users.'
    : 'Start your server at the hub first. Only your own can be entered, on the machine where they run.';
  if (only === undefined) {
    const what = server === undefined ? 'you have no sandbox here' : `you have no sandbox "${server}" here`;
    throw new PortwrapError('SANDBOX_UNKNOWN', what, { hint: some ?? hint });
  }
  const what =
    server === undefined ? 'you have several sandboxes' : `several sandboxes are named "${server}"`;
  throw new PortwrapError('SANDBOX_UNKNOWN', what, { hint: `Name one of: ${list}.` });
}

function behind(door: Door): Candidate[] {
  return door.servers.map(({ id, hub, user, name, child, filter }) => {
    const label = name === '' ? user : `${user}/${name}`;
    return {
      names: [label, ...(name === '' ? [] : [name]), `${hub}:${label}`],
      isDefaultServer: name === '',
      target: {
        ...{ label: `the server ${label}`, child, filter: Buffer.from(filter, 'hex') },
        settle: (pid) => door.settle({ id, pid }).finally(door.close),
      },
    };
  });
}

function command(announcement: Announcement): Candidate {
  const { hostPort, child, filter } = announcement;
  return {
    names: [String(hostPort)],
    isDefaultServer: false,
    target: {
      ...{ label: `the command of port ${hostPort}`, child, filter: Buffer.from(filter, 'hex') },
      settle: (pid) => settle(announcement, pid),
    },
  };
}

/** Without limits it may stay in the group of its caller. */
async function settle({ hostPort, child, cgroup, limited }: Announcement, pid: number): Promise<void> {
  await settleInside({ label: `the command of port ${hostPort}`, child, cgroup }, pid).catch((cause) => {
    if (!(cause instanceof PortwrapError) || cause.code !== 'LIMITS_UNAVAILABLE') throw cause;
    if (!limited) return;
    throw new PortwrapError(
      'LIMITS_UNAVAILABLE',
      'this session may not move to the control group of the command',
      {
        hint: 'With systemd: systemd-run --user --scope --quiet portwrap enter ...',
        cause,
      },
    );
  });
}
