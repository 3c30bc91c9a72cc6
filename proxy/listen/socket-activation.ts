// Socket activation (sd_listen_fds(3), systemd.socket(5)): the service manager opens the listening sockets and keeps
// them open during a restart, so that connections wait for the new process instead of being refused.
// Not here: listening on them (listen.ts), the units (systemd/).
import { PortwrapError } from '../../config/errors.ts';

const listeners = ['public', 'api', 'metrics', 'redirect'] as const;
export type ListenerName = (typeof listeners)[number];

/** The first passed descriptor (sd_listen_fds(3)). */
const firstDescriptor = 3;

/**
 * The descriptors passed to process `pid`, by listener: the `FileDescriptorName=` of each socket unit. A single one
 * without a known name is the public listener. Throws USAGE for an unknown or repeated name.
 */
export function activatedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): ReadonlyMap<ListenerName, number> {
  const count = Number(env.LISTEN_FDS ?? 0);
  if (env.LISTEN_PID !== String(pid) || !(count > 0)) return new Map();
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  if (count === 1 && !isListener(names[0])) return new Map([['public', firstDescriptor]]);
  const sockets = new Map<ListenerName, number>();
  for (let index = 0; index < count; index += 1) {
    const name = names[index];
    if (!isListener(name)) {
      const known = listeners.join(', ');
      throw new PortwrapError(
        'USAGE',
        `FileDescriptorName= of a socket unit must be one of ${known}, not "${name ?? ''}"`,
      );
    }
    if (sockets.has(name)) {
      throw new PortwrapError('USAGE', `only one socket unit may have FileDescriptorName=${name}`);
    }
    sockets.set(name, firstDescriptor + index);
  }
  return sockets;
}

function isListener(name: string | undefined): name is ListenerName {
  return listeners.some((listener) => listener === name);
}
