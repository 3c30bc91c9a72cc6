// The host of each port with JupyterHub's subdomain_host: PORT--USER.DOMAIN, or PORT--SERVER--USER.DOMAIN for a named
// server. No two ports have the same one, and none is that of a user or a service of the hub. Not here: the routes of
// these hosts (port-routes.ts), who may open a port (page/links/).
import { createHash } from 'node:crypto';
import type { Config } from '../../../config/load.ts';
import type { ServerRecord } from '../../records/record.ts';

export interface PortHosts {
  /** Whether browsers speak https with them, as they do with the hub. */
  readonly isSecure: boolean;
  /** Whether browsers send them the cookies that the hub sets for all hosts below its own. */
  readonly getHubCookies: boolean;
  /** What ports have as sources of a Content-Security-Policy. */
  readonly source: string;
  /** The host of a port, without the port of the URL. */
  hostOf(record: ServerRecord, port: number): string;
  /** As browsers have it: https://8501--alice.hub.example.org */
  originOf(record: ServerRecord, port: number): string;
  /** Of another host of the hub. */
  originAt(host: string): string;
  /** The port that a Host field names. null: none of these servers has it. */
  find(
    field: string | undefined,
    records: readonly ServerRecord[],
  ): { record: ServerRecord; port: number } | null;
  /** Whether it has the form of a port's host, so that no server of a user may have it. */
  isPortHost(host: string): boolean;
}

/** null: ports are paths, since the hub has no subdomains. */
export function createPortHosts({
  admin_page: page,
  port_links: links,
}: Pick<Config, 'admin_page' | 'port_links'>): PortHosts | null {
  if (page === null || page.hub_url === null || links === null) return null;
  const { protocol, hostname, port: publicPort } = new URL(page.hub_url);
  const domain = links.domain ?? hostname;
  const originAt = (host: string) => `${protocol}//${host}${publicPort === '' ? '' : `:${publicPort}`}`;
  const hostOf = (record: ServerRecord, port: number) => `${prefixOf(port)}${nameOf(record)}.${domain}`;
  return {
    isSecure: protocol === 'https:',
    getHubCookies: `.${domain}`.endsWith(`.${hostname}`),
    source: originAt(`*.${domain}`),
    hostOf,
    originAt,
    originOf: (record, port) => originAt(hostOf(record, port)),
    find(field = '', records) {
      const host = field.toLowerCase().replace(/:\d*$/, '');
      const port = Number(portLabel.exec(host)?.[1]);
      if (Number.isNaN(port) || port < 1 || port > 65_535) return null;
      const [prefix, suffix] = [prefixOf(port), `.${domain}`];
      if (!host.startsWith(prefix) || !host.endsWith(suffix)) return null;
      const name = host.slice(prefix.length, -suffix.length);
      const record = records.find((one) => nameOf(one) === name);
      // a server of the hub that began before ports had hosts
      const isServers = () => records.some(({ route_host }) => route_host?.toLowerCase() === host);
      return record === undefined || isServers() ? null : { record, port };
    },
    isPortHost: (host) =>
      portLabel.test(host) && host.toLowerCase().endsWith(`.${domain}`) && links.domain === null,
  };
}

const portLabel = /^(\d{3,5})--[^.]+\./;

/** Three digits at least: "--" after two characters marks other names (RFC 5891, 4.2.3.1). */
function prefixOf(port: number): string {
  return `${String(port).padStart(3, '0')}--`;
}

/** A label has 63 characters at most (RFC 1035), of which a port takes 7. */
const longestName = 56;
const names = new WeakMap<ServerRecord, string>();

function nameOf(record: ServerRecord): string {
  const known = names.get(record) ?? makeName(record);
  names.set(record, known);
  return known;
}

/**
 * One or two names, or, where a name is no part of a label, three parts: letters of it for people, "id", and a digest. Parts
 * are joined by "--", which is in none of them.
 */
function makeName({ user, name }: ServerRecord): string {
  const parts = name === '' ? [user] : [name, user];
  const plain = parts.join('--');
  if (parts.every((part) => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part)) && plain.length <= longestName)
    return plain;
  const digest = createHash('sha256')
    .update(JSON.stringify([user, name]))
    .digest('hex')
    .slice(0, 32);
  const letters = parts
    .join('')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 16);
  return `${letters === '' ? 'x' : letters}--id--${digest}`;
}
