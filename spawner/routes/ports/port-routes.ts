// The routes of ports in the proxy: the path of a server's ports, and with subdomains the hosts of those that somebody has
// listed or opened. A proxy routes exact hosts only, so they are made one by one, and kept in a file of the state directory
// for the next service. Not here: the names of the hosts (port-hosts.ts), the proxy's table (routes/routes.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../../config/logger.ts';
import { writeAtomically } from '../../../config/system/atomic-write.ts';
import { portsPathOf, type ServerRecord } from '../../records/record.ts';
import { keyOf } from '../proxy-api.ts';
import type { Routes } from '../routes.ts';
import type { PortHosts } from './port-hosts.ts';

export interface PortRoutes {
  /** The server is ready, or was when the service ended. */
  begin(record: ServerRecord): Promise<void>;
  /** Gives the hosts of these ports routes, which they have until the server ends. */
  open(record: ServerRecord, ports: readonly number[]): Promise<void>;
  end(record: ServerRecord): Promise<void>;
  /** Whether that entry of the proxy is one of a server that runs. */
  isOurs(record: ServerRecord, target: string, path: string): boolean;
  /** Whether a server of a user may not be at that host, since it is one for ports. */
  isTaken(host: string): boolean;
}

/** For a service that opens no ports. */
export const noPortRoutes: PortRoutes = {
  begin: async () => {},
  open: async () => {},
  end: async () => {},
  isOurs: () => false,
  isTaken: () => false,
};

export interface PortRoutesInput {
  /** The state directory. */
  readonly directory: string;
  readonly routes: Pick<Routes, 'add' | 'addBeside' | 'remove'>;
  /** The URL of the listener for ports. */
  readonly target: string;
  readonly hosts: PortHosts | null;
  /** The records of servers that run. */
  readonly records: () => readonly ServerRecord[];
  readonly log: Logger;
}

/** More than a list shows. Beyond this the one that was asked for first has none any more. */
const mostPerServer = 256;

const kept = z.array(z.tuple([z.string(), z.array(z.int().min(1).max(65_535)).max(mostPerServer)]));

export function createPortRoutes({
  directory,
  routes,
  target,
  hosts,
  ...input
}: PortRoutesInput): PortRoutes {
  const { records, log } = input;
  const file = join(directory, 'port-hosts.json');
  /** By the id of the record. */
  const opened = hosts === null ? new Map<string, Set<number>>() : read(file, log);
  /** The ids of records whose servers have begun and not ended. */
  const begun = new Set<string>();
  let writing: Promise<void> = Promise.resolve();

  const hostRoute = (record: ServerRecord, port: number) => `/${hosts?.hostOf(record, port)}`;
  const pathRoute = (record: ServerRecord): string | null => {
    const path = portsPathOf(record);
    // at a host of a user, with a configuration that knows of no subdomains, there is none
    if (path === null || (record.route_host === null) !== (hosts === null)) return null;
    return record.route_host === null ? path : `/${record.route_host}${path}`;
  };
  const portsOf = ({ id }: ServerRecord) => [...(opened.get(id) ?? [])];

  /** One write after the other, each of what counts by then. */
  function save(): Promise<void> {
    const write = () => {
      const running = new Set(records().map(({ id }) => id));
      for (const id of opened.keys()) if (!running.has(id)) opened.delete(id);
      return writeAtomically(file, JSON.stringify([...opened].map(([id, ports]) => [id, [...ports]])));
    };
    writing = writing.then(write).catch((error: Error) => {
      log.warn({ file, reason: error.message }, 'the hosts of open ports are not kept for a restart');
    });
    return writing;
  }

  return {
    async begin(record) {
      begun.add(record.id);
      const path = pathRoute(record);
      if (path !== null) await routes.addBeside(path, target);
      await Promise.all(portsOf(record).map((port) => routes.add(hostRoute(record, port), target)));
    },
    async open(record, ports) {
      // a list may be longer in the making than its server runs
      if (hosts === null || !begun.has(record.id)) return;
      const known = opened.get(record.id) ?? new Set();
      const added = ports.filter((port) => !known.has(port)).slice(0, mostPerServer);
      if (added.length === 0) return;
      opened.set(record.id, known);
      for (const port of added) known.add(port);
      const over = [...known].slice(0, Math.max(0, known.size - mostPerServer));
      for (const port of over) known.delete(port);
      await Promise.all([
        ...over.map((port) => routes.remove(hostRoute(record, port), target)),
        ...added.map((port) => routes.add(hostRoute(record, port), target)),
        save(),
      ]);
    },
    async end(record) {
      begun.delete(record.id);
      const path = pathRoute(record);
      const ports = portsOf(record);
      await Promise.all([
        ...(opened.delete(record.id) ? [save()] : []),
        ...(path === null ? [] : [routes.remove(path, target)]),
        ...ports.map((port) => routes.remove(hostRoute(record, port), target)),
      ]);
    },
    isOurs(record, at, path) {
      const own = pathRoute(record);
      if (at !== target) return false;
      if (own !== null && keyOf(own) === path) return true;
      return portsOf(record).some((port) => hostRoute(record, port) === path);
    },
    isTaken: (host) => hosts?.isPortHost(host) ?? false,
  };
}

/** What cannot be read is made again when somebody lists the ports. */
function read(file: string, log: Logger): Map<string, Set<number>> {
  try {
    return new Map(
      kept.parse(JSON.parse(readFileSync(file, 'utf8'))).map(([id, ports]) => [id, new Set(ports)]),
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') log.warn({ file, reason: message }, 'the hosts of open ports could not be read');
    return new Map();
  }
}
