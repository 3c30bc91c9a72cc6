// Firewall rules for a node, to be loaded by an administrator: only the service and the proxy reach users' servers.
import type { ConfigFile } from '../../../../config/load.ts';
import { reportUrlOf } from '../open.ts';

export function nodeRules({ ports, proxy, slurm }: Pick<ConfigFile, 'ports' | 'proxy' | 'slurm'>): string {
  const { low, high } = ports.range;
  const hosts = [reportUrlOf(slurm), proxy?.api_url ?? null].map((url) =>
    url === null ? null : new URL(url).hostname,
  );
  const addresses = [...new Set(hosts.filter((host) => host !== null))].join(', ');
  return `On every node, so that only the service and the proxy reach users' servers, and neither other users of the
node nor other machines do (write the addresses of the service and of the proxy, as the nodes see them):

  nft add table inet portwrap_nodes
  nft 'add chain inet portwrap_nodes input { type filter hook input priority 0; }'
  nft add rule inet portwrap_nodes input tcp dport ${low}-${high} ip saddr != { ${addresses} } reject
`;
}
