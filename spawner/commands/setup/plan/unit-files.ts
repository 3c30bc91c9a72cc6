// The systemd units that setup writes: those of the package for another directory of programs, drop-ins for addresses
// that differ from theirs, and the unit of a hub of ours. Pure. Not here: enabling them (plan.ts).
import type { Programs } from '../look/facts.ts';

export const unitDirectory = '/etc/systemd/system';

/** A shipped unit where the programs are not in /usr/bin. */
export function relocated(unit: string, { directory, nodeDirectory }: Programs): string {
  const placed = unit.replaceAll(/=\/usr\/bin\/(?=portwrap)/g, `=${directory}/`);
  if (nodeDirectory === null) return placed;
  const path = `Environment=PATH=${nodeDirectory}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin`;
  return placed.replace(/^\[Service\]$/m, `[Service]\n${path}`);
}

export interface ProxyAddresses {
  /** Of c.JupyterHub.bind_url. */
  readonly publicHost: string;
  readonly publicPort: number;
  /** Origin of the hub's own address. */
  readonly hub: string;
}

/** The addresses of the shipped units. */
export const shippedAddresses: ProxyAddresses = {
  publicHost: '0.0.0.0',
  publicPort: 8000,
  hub: 'http://127.0.0.1:8081',
};

/** Drop-ins of portwrap-proxy, by path; none for the shipped addresses. */
export function proxyDropIns(addresses: ProxyAddresses, directory: string): ReadonlyMap<string, string> {
  const { publicHost, publicPort, hub } = addresses;
  const head = '# Written by portwrap-spawner setup from c.JupyterHub.bind_url and hub_bind_url.\n';
  const isDefault =
    publicHost === shippedAddresses.publicHost &&
    publicPort === shippedAddresses.publicPort &&
    hub === shippedAddresses.hub;
  if (isDefault) return new Map();
  const host = publicHost.includes(':') ? `[${publicHost}]` : publicHost;
  const command = [
    `${directory}/portwrap-proxy --ip ${publicHost} --port ${publicPort} --api-ip 127.0.0.1 --api-port 8001`,
    `--default-target ${hub} --storage-file /var/lib/portwrap-proxy/routes.json --drain-time 5000 --compress`,
  ];
  return new Map([
    [
      `${unitDirectory}/portwrap-proxy.socket.d/setup.conf`,
      `${head}[Socket]\nListenStream=\nListenStream=${host}:${publicPort}\n`,
    ],
    [
      `${unitDirectory}/portwrap-proxy.service.d/setup.conf`,
      `${head}[Service]\nExecStart=\nExecStart=${command.join(' ')}\n`,
    ],
  ]);
}

/** jupyterhub.service for the hub in /opt/portwrap-spawner/hub. It must be root: PAM checks passwords of others. */
export const hubUnit = `# Written by portwrap-spawner setup.
[Unit]
Description=JupyterHub
After=network-online.target portwrap-proxy.service portwrap-spawner.service
Wants=network-online.target

[Service]
ExecStart=/opt/portwrap-spawner/hub/bin/python -m jupyterhub --config /etc/portwrap-spawner/jupyterhub_config.py
StateDirectory=jupyterhub
StateDirectoryMode=0700
WorkingDirectory=/var/lib/jupyterhub
UMask=0077
# PAM's modules run in it, as root: so no NoNewPrivileges, no SystemCallFilter and no bounds for capabilities (limits,
# audit, other accounts), no RestrictNamespaces (pam_namespace), no MemoryDenyWriteExecute (ctypes).
ProtectHome=yes
ProtectSystem=full
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictRealtime=yes
SystemCallArchitectures=native
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

/** The configuration of that hub, without our lines. */
export const hubConfig = `# JupyterHub, as portwrap-spawner setup made it. This file is yours: setup changes only its marked block.
import grp

c = get_config()  # noqa: F821

c.JupyterHub.bind_url = "http://:8000"  # for TLS see docs/proxy.md
c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"

# Accounts of this machine sign in with their passwords. To name users instead: allowed_users, or allowed_groups.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True
# Their members may see and stop every server. JupyterHub lets nobody sign in if it names a group that does not exist.
c.PAMAuthenticator.admin_groups = {"sudo", "wheel"} & {group.gr_name for group in grp.getgrall()}
`;
