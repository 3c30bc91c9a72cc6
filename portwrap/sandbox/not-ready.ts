// Explains why a running server is unreachable, from the sockets that listen inside.
// Not here: waiting for it (readiness.ts).
import { reachesLoopback } from '../network/network.ts';
import { listeningPorts } from './open-ports.ts';
import type { SandboxRecord } from './record.ts';

type Wanted = Pick<SandboxRecord, 'child' | 'guestPort' | 'forwarderName'>;

/** A sentence about the guest port; null when a program listens there on an address that the forwarder reaches. */
export function whyUnreachable({ child, guestPort, forwarderName }: Wanted): string | null {
  const ports = listeningPorts(child);
  const own = ports.find(({ port }) => port === guestPort);
  if (own !== undefined)
    return own.loopbackOnly && !reachesLoopback(forwarderName)
      ? `inside, port ${guestPort} listens on 127.0.0.1 only, which ${forwarderName} cannot reach: it must listen on 0.0.0.0`
      : null;
  const others = ports.map(({ port }) => port).slice(0, 5);
  return others.length === 0
    ? `inside, nothing listens on port ${guestPort}`
    : `inside, nothing listens on port ${guestPort}, but on ${others.join(', ')}`;
}
