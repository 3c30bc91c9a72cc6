// What the service needs of this machine beyond a sandbox: where its state directory lies, and that the API of a hub does
// not listen on every address. Not here: what a sandbox needs (portwrap/doctor/), the host ports (ports.ts).
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConfigFile } from '../../../config/load.ts';
import { type Check, isLoopback, ok, ownAddresses, warning } from '../../../portwrap/index.ts';

export function examineHost({ service, hubs }: Pick<ConfigFile, 'service' | 'hubs'>): Check[] {
  const { state_dir: directory } = service;
  const table = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(existsSync)
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  return [
    judgeStateDirectory(directory, fileSystemType(directory)),
    ...hubs.flatMap((hub) => {
      const port = portHere(hub.api_url);
      return port === null ? [] : [judgeHub(hub.name, port, table)];
    }),
  ];
}

/** `type` is statfs(2)'s f_type, null when it could not be learned. Its length is checked with the configuration. */
export function judgeStateDirectory(path: string, type: number | null): Check {
  const name = 'state directory';
  if (type === tmpfs) return ok(name, `${path} is on tmpfs`);
  return warning(
    name,
    `${path} is not on tmpfs`,
    'Its files mean nothing after a reboot, and a slow disk slows every launch.',
    'Set "service.state_dir" to a directory below /run; with systemd: RuntimeDirectory=portwrap-spawner',
  );
}

/** TMPFS_MAGIC, statfs(2). */
const tmpfs = 0x01021994;

/** Of the nearest directory above that exists: the directory itself may not be made yet. */
function fileSystemType(path: string): number | null {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at)) return statfsSync(at).type;
    if (at === dirname(at)) return null;
  }
}

/** `table` is /proc/net/tcp and tcp6. */
export function judgeHub(hub: string, port: number, table: string): Check {
  const name = `hub ${hub}`;
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  // 0A is LISTEN; all zeros is every address
  const everywhere = new RegExp(`^\\s*\\d+: (?:0{8}|0{32}):${hex} \\S+ 0A `, 'm').test(table);
  if (!everywhere) return ok(name, `its API does not listen on all addresses (port ${port})`);
  return warning(
    name,
    `its API listens on all addresses (port ${port})`,
    'It is for the sandboxes of this host; so the whole network can reach it.',
    "c.JupyterHub.hub_ip = '127.0.0.1' in jupyterhub_config.py",
  );
}

/** The port of a hub's API on this machine; null: it is on another one. */
function portHere(apiUrl: string): number | null {
  const { hostname, port, protocol } = new URL(apiUrl);
  const address = hostname.replace(/^\[|\]$/g, '');
  const isHere = isLoopback(address) || address === 'localhost' || ownAddresses().includes(address);
  return isHere ? Number(port) || (protocol === 'https:' ? 443 : 80) : null;
}
