// The port guard: one nftables rule of the host that lets only root and a few accounts (the service's, the proxy's, the
// hub's) open connections to the host ports of servers. An administrator loads it; we print and test it.
// Not here: the accounts (accounts.ts), testing it (probe.ts), a sandbox's policy (portwrap/network/policy.ts).
import type { Config } from '../../config/load.ts';

/** The file from which the rule is loaded after a reboot. */
export const portGuardFile = '/etc/nftables.d/portwrap-ports.nft';

/** The text of that file in nft(8)'s syntax; loading it again replaces the earlier rule. */
export function portGuardRules(range: Config['ports']['range'], uids: readonly number[]): string {
  const allowed = [...new Set([0, ...uids])].sort((a, b) => a - b).join(', ');
  return `# Only root, the service, the proxy and the hub (by uid) may connect to the host ports of portwrap-spawner from here.
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

/** Commands for an administrator to paste into a root shell: they load the rule now and after each reboot. */
export function portGuardPaste(rules: string): string {
  return `mkdir -p /etc/nftables.d
cat > ${portGuardFile} <<'END'
${rules}END
nft -f ${portGuardFile}
grep -qF 'include "/etc/nftables.d/*.nft"' /etc/nftables.conf || echo 'include "/etc/nftables.d/*.nft"' >> /etc/nftables.conf
systemctl enable nftables
`;
}
