// What the service needs of this machine beyond a sandbox: where its state directory lies, and that the API of a hub does
// not listen on every address. Not here: what a sandbox needs (portwrap/doctor/), the host ports (ports.ts).
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConfigFile } from '../../../config/load.ts';
import { portOf } from '../../../config/system/url-port.ts';
import {
  type Check,
  failed,
  isLoopback,
  isOnEveryAddress,
  ok,
  ownAddresses,
  parseListeningSockets,
  readTcpTables,
  warning,
} from '../../../portwrap/index.ts';

export function collectHostChecks({ service, hubs }: Pick<ConfigFile, 'service' | 'hubs'>): Check[] {
  const { state_dir: directory } = service;
  const tables = readTcpTables('self');
  return [
    evaluateStateDirectory(directory, fileSystemType(directory)),
    ...hubs.flatMap((hub) => {
      const port = portHere(hub.api_url);
      return port === null ? [] : [evaluateHub(hub.name, port, tables)];
    }),
  ];
}

/** `type` is statfs(2)'s f_type, null when it could not be learned. Its length is checked with the configuration. */
export function evaluateStateDirectory(path: string, type: number | null): Check {
  const name = 'state directory';
  if (type === tmpfs) return ok(name, `${path} is on tmpfs`);
  return warning(
    name,
    `${path} is not on tmpfs`,
    'Its files are useless after a reboot, and a slow disk slows down every launch.',
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

/** `tables`: as readTcpTables() gives them. */
export function evaluateHub(hub: string, port: number, tables: string): Check {
  const name = `hub ${hub}`;
  const sockets = parseListeningSockets(tables).filter((socket) => socket.port === port);
  if (sockets.length > 0 && sockets.every(isOtherLoopback))
    return failed(
      name,
      `its API listens on ${sockets.map(({ address }) => address).join(' and ')} only (port ${port})`,
      'Of the loopback addresses of this machine, sandboxes reach 127.0.0.1 only: no server can reach this hub.',
      "c.JupyterHub.hub_ip = '127.0.0.1' in jupyterhub_config.py",
    );
  if (!sockets.some(isOnEveryAddress))
    return ok(name, `its API does not listen on all addresses (port ${port})`);
  return warning(
    name,
    `its API listens on all addresses (port ${port})`,
    'Only the sandboxes of this host need it; now the whole network can reach it.',
    "c.JupyterHub.hub_ip = '127.0.0.1' in jupyterhub_config.py",
  );
}

function isOtherLoopback({ address }: { readonly address: string }): boolean {
  return isLoopback(address) ? address !== '127.0.0.1' : /^(?:0{4}:){7}0001$/.test(address);
}

/** The port of a hub's API on this machine; null: it is on another one. */
function portHere(apiUrl: string): number | null {
  const url = new URL(apiUrl);
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const isHere = isLoopback(address) || address === 'localhost' || ownAddresses().includes(address);
  return isHere ? portOf(url) : null;
}
