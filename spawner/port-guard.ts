// The port guard: one nftables rule of the host that lets only root and a few accounts (the proxy's, the hub's) open
// connections to the host ports of servers. An administrator loads it; we print it and try it.
// Not here: trying it (port-guard-probe.ts), the policy inside a sandbox (portwrap/policy.ts).
import type { Config } from '../config/load.ts';

/** Where the rule is kept over a reboot. */
export const portGuardFile = '/etc/nftables.d/portwrap-ports.nft';

/** The text of that file, as nft(8) reads it; loading it again replaces what was loaded before. */
export function portGuardRules(range: Config['ports']['range'], uids: readonly number[]): string {
  const allowed = [...new Set([0, ...uids])].sort((a, b) => a - b).join(', ');
  return `# The host ports of portwrap-spawner are for root, the proxy and the hub (by uid), and for nobody else here.
table inet portwrap_ports
delete table inet portwrap_ports
table inet portwrap_ports {
  chain output {
    type filter hook output priority 0; policy accept;
    oifname "lo" tcp dport ${range.low}-${range.high} tcp flags & (syn | ack) == syn meta skuid != { ${allowed} } reject with tcp reset
  }
}
`;
}

/** What an administrator pastes into a shell of root: loads the rule now, and keeps it over a reboot. */
export function portGuardPaste(rules: string): string {
  return `mkdir -p /etc/nftables.d
cat > ${portGuardFile} <<'END'
${rules}END
nft -f ${portGuardFile}
grep -qF 'include "/etc/nftables.d/*.nft"' /etc/nftables.conf || echo 'include "/etc/nftables.d/*.nft"' >> /etc/nftables.conf
systemctl enable nftables
`;
}

/** The uid of whoever listens at this loopback port, from /proc/net/tcp and tcp6; null when nobody does. */
export function listenerUid(table: string, port: number): number | null {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  // proc_net_tcp(5): number, local, remote, state (0A is LISTEN), queues, timer, retransmissions, uid
  const line = new RegExp(`^\\s*\\d+: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A \\S+ \\S+ \\S+\\s+(\\d+) `, 'm');
  const uid = line.exec(table)?.[1];
  return uid === undefined ? null : Number(uid);
}
