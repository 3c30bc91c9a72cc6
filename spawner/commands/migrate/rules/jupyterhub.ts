// What becomes of the few settings of the hub itself, c.JupyterHub.*, that concern servers. All others stay.
import { hubs, number, type Rule, yaml } from './rule.ts';

const replaced: Rule = { takesAnything: true, apply: () => [yaml([], 'see the lines below')] };
const address: Rule = hubs('hubs[].api_url is made of it');

const namedServers: Rule = {
  apply(value) {
    const most = number(value);
    if (most === undefined || most < 10) return [{ kind: 'hub' }];
    const value_ = Math.min(1000, Math.round(most) + 1);
    return [
      { kind: 'hub' },
      yaml(
        [{ scope: 'service', path: ['limits', 'servers_per_user'], value: value_ }],
        'with the default server',
      ),
    ];
  },
};

export const jupyterHub: Readonly<Record<string, Rule>> = {
  spawner_class: replaced,
  cleanup_servers: replaced,
  hub_ip: address,
  hub_port: address,
  hub_bind_url: address,
  base_url: address,
  hub_connect_ip: hubs('servers in a sandbox find a hub on 127.0.0.1 without it'),
  named_server_limit_per_user: namedServers,
  proxy_class: hubs('proxy_class = "portwrap" is portwrap-proxy'),
};
