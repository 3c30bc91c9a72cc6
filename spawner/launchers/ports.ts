// Which host ports to try for a new server: any of the range that no server of ours has, and that none had
// a short while ago, since browsers still call there. The bind itself is the forwarder's.
import type { Config } from '../../config/load.ts';
import { portsFromRandom } from '../../portwrap/index.ts';

/** Milliseconds that a released port rests. */
const quarantine = 60_000;
/** Not the wall clock, which may be set: a port would rest for years, or not at all. */
const monotonic = () => performance.now();

export interface Ports {
  /** Free ports from a random one on. Two starts may try the same one: only one of them can bind it. */
  candidates(): Iterable<number>;
  /** The port is a server's now (bound, or adopted). */
  lease(port: number): void;
  release(port: number): void;
  /** How many could be tried now. */
  free(): number;
}

export function createPorts(range: Config['ports']['range'], clock: () => number = monotonic): Ports {
  const leased = new Set<number>();
  const resting = new Map<number, number>();
  const isFree = (port: number) => {
    if (leased.has(port)) return false;
    const until = resting.get(port);
    if (until === undefined) return true;
    if (until > clock()) return false;
    resting.delete(port);
    return true;
  };
  return {
    *candidates() {
      for (const port of portsFromRandom(range)) if (isFree(port)) yield port;
    },
    lease: (port) => void leased.add(port),
    release(port) {
      if (leased.delete(port)) resting.set(port, clock() + quarantine);
    },
    free() {
      const inRange = [...leased].filter((port) => port >= range.low && port <= range.high);
      const rest = [...resting.keys()].filter((port) => !isFree(port) && !leased.has(port));
      return range.high - range.low + 1 - inRange.length - rest.length;
    },
  };
}
