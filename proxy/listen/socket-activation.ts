// Sockets that listen already when the proxy starts: a service manager opened them and keeps them open over every
// restart, so that clients wait for the new process and none is refused (sd_listen_fds(3), systemd.socket(5)).
// Not here: listening on them (listen.ts), the service manager's side (systemd/).
import { PortwrapError } from '../../config/errors.ts';

const listeners = ['public', 'api', 'metrics', 'redirect'] as const;
export type ListenerName = (typeof listeners)[number];

/** The lowest of the descriptors that are handed over; the others follow. */
const firstDescriptor = 3;

/**
 * The inherited descriptors, by what they are for: `FileDescriptorName=` of each socket unit. A single one without
 * such a name is the public listener. Meant for process `pid` only. Throws USAGE for names that say nothing here.
 */
export function inheritedSockets(
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
        `FileDescriptorName of an inherited socket must be one of ${known}, not "${name ?? ''}"`,
      );
    }
    if (sockets.has(name)) {
      throw new PortwrapError('USAGE', `two inherited sockets have the name "${name}"; one is possible`);
    }
    sockets.set(name, firstDescriptor + index);
  }
  return sockets;
}

function isListener(name: string | undefined): name is ListenerName {
  return listeners.some((listener) => listener === name);
}
