// Host ports to try, and the error when none could be bound. Not here: binding one (the forwarders).
import { PortwrapError } from '../../config/errors.ts';
import { needsRootPorts } from './forwarder-account.ts';

export interface PortRange {
  readonly low: number;
  /** Inclusive. */
  readonly high: number;
}

/** The range for a command that names no port: below the kernel's ephemeral range. */
export const commandPorts: PortRange = { low: 20_000, high: 29_999 };

/** All ports of the range, beginning at a random one, so that concurrent launches rarely try the same port. */
export function* portsFromRandom({ low, high }: PortRange): Generator<number> {
  const size = high - low + 1;
  const first = Math.floor(Math.random() * size);
  for (let offset = 0; offset < size; offset += 1) yield low + ((first + offset) % size);
}

/** The first `most` ports: limits the attempts when all are in use. */
export function* firstOf(ports: Iterable<number>, most: number): Generator<number> {
  let given = 0;
  for (const port of ports) {
    if (given === most) return;
    given += 1;
    yield port;
  }
}

/** The error when no port could be bound: PORT_RESERVED or PORT_TAKEN for a single port, else PORTS_EXHAUSTED. */
export function noPortBound(hostAddress: string, tried: readonly number[]): PortwrapError {
  const [first] = tried;
  // the service lets a port rest for a minute after its server has ended
  if (first === undefined)
    return new PortwrapError(
      'PORTS_EXHAUSTED',
      `no host port on ${hostAddress} is free: each has a server, or had one within the last minute`,
      { hint: 'Try again in a minute.' },
    );
  if (tried.length === 1 && process.getuid?.() !== 0 && needsRootPorts(tried))
    return new PortwrapError('PORT_RESERVED', `host port ${first} is reserved for root`);
  return tried.length === 1
    ? new PortwrapError(
        'PORT_TAKEN',
        `host port ${first} on ${hostAddress} cannot be bound: it is in use, or this host does not have the address`,
      )
    : new PortwrapError(
        'PORTS_EXHAUSTED',
        `none of ${tried.length} host ports on ${hostAddress} could be bound`,
      );
}
