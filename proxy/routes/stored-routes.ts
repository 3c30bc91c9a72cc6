// The text of the file of --storage-file: the routes, the boot in which it was written, and a checksum of the rest.
// Not here: reading and writing the file (storage.ts).
import { createHash } from 'node:crypto';
import { ownAddresses } from './boot.ts';
import type { RouteData, RouteTable } from './table.ts';

export interface StoredRoutes {
  /** The boot in which it was written; undefined in a file of an earlier version. */
  readonly boot_id?: unknown;
  /** The addresses of the machine then: it may have others now, or none yet. */
  readonly addresses?: unknown;
  readonly routes: readonly StoredRoute[];
}

export interface StoredRoute {
  readonly path: string;
  readonly data: RouteData;
  readonly lastActivity: number;
}

export function writeRoutes(table: RouteTable, bootId: string | undefined): string {
  const routes: StoredRoute[] = [];
  for (const { path, data, lastActivity } of table.routes()) routes.push({ path, data, lastActivity });
  const rest = JSON.stringify({ version: 3, boot_id: bootId, addresses: ownAddresses(), routes }).slice(1);
  return `{"sha256":"${checksum(rest)}",${rest}\n`;
}

/** The routes, or what is wrong with the text. A text of an earlier version, or one edited by hand, has no checksum. */
export function readRoutes(text: string): StoredRoutes | string {
  const [head, sum] = /^\{"sha256":"([^"]*)",/.exec(text) ?? [''];
  if (sum !== undefined && sum !== checksum(text.slice(head.length).trimEnd()))
    return 'its checksum does not match, so it is damaged or was edited (an edited file must have no "sha256")';
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (typeof stored !== 'object' || stored === null) return 'it does not hold routes';
  const { routes } = stored as Partial<StoredRoutes>;
  if (!Array.isArray(routes)) return 'it does not hold routes';
  const wrong = routes.findIndex((route) => !isStoredRoute(route));
  return wrong < 0 ? { ...stored, routes } : `route ${wrong + 1} is not valid`;
}

function isStoredRoute(value: unknown): value is StoredRoute {
  if (typeof value !== 'object' || value === null) return false;
  const { path, data, lastActivity } = value as Partial<StoredRoute>;
  return typeof path === 'string' && typeof data?.target === 'string' && isTime(lastActivity);
}

/** Milliseconds since the epoch that a Date can hold: another one would break every listing. */
function isTime(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 8.64e15;
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
