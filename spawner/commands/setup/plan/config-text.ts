// The first configuration of the service, and the lines for jupyterhub_config.py. Pure.
// Not here: writing them (apply.ts).
import type { ConfigFile } from '../../../../config/load.ts';
import type { Facts, Hub } from '../look/facts.ts';

const etc = '/etc/portwrap-spawner';

/** `hasProxy`: our proxy serves this hub, so the service may write routes. */
export function configText(facts: Facts, hasProxy: boolean): string {
  const { hub } = facts;
  const path = [...pathOf(facts), '/usr/local/bin', '/usr/bin', '/bin'];
  const lines = [
    '# Written by portwrap-spawner setup; it is yours now, setup does not change it again.',
    '# Every key is in docs/configuration.md. After a change: portwrap-spawner reload',
    'hubs:',
    `  - name: ${hub?.kind === 'tljh' ? 'tljh' : 'hub'}`,
    `    token_file: ${etc}/hub.token`,
    `    api_url: ${hub?.settings.apiUrl ?? 'http://127.0.0.1:8081/hub/api'}`,
    ...publicApiLines(hub),
    ...(hasProxy ? ['proxy:', '  api_url: http://127.0.0.1:8001', `  token_file: ${etc}/proxy.token`] : []),
    'admin_page:',
    `  token_file: ${etc}/page.token`,
    ...accountLines(hub),
    'profiles:',
    '  - name: default',
    '    description: JupyterLab',
    `    path: [${[...new Set(path)].join(', ')}]`,
    ...resourceLines(hub),
  ];
  return `${lines.join('\n')}\n`;
}

/** For the admin page. A hub that terminates TLS has a name that its configuration does not tell. */
function publicApiLines(hub: Hub | null): string[] {
  const { publicApiUrl = null } = hub?.settings ?? {};
  if (publicApiUrl === null) return [];
  const note = publicApiUrl.startsWith('https:') ? "; the host must be a name of the hub's certificate" : '';
  return [`    public_api_url: ${publicApiUrl} # because of internal_ssl${note}`];
}

/** Where jupyterhub-singleuser is. */
function pathOf({ hub, choices }: Facts): string[] {
  if (hub === null) return choices.withJupyterHub ? ['/opt/portwrap-spawner/hub/bin'] : [];
  if (hub.kind === 'tljh') return ['/opt/tljh/user/bin'];
  return hub.settings.prefix === '/usr' ? [] : [`${hub.settings.prefix}/bin`];
}

function accountLines(hub: Hub | null): string[] {
  if (hub === null) return [];
  const { usernameTemplate: template, spawner } = hub.settings;
  if (hub.kind === 'tljh') {
    return [
      'accounts: # as TLJH makes them',
      '  username: jupyter-{username}',
      '  create: true',
      '  groups: [jupyterhub-users]',
    ];
  }
  if (/systemdspawner/i.test(spawner) && template !== null && template !== '{USERNAME}') {
    return ['accounts:', `  username: ${JSON.stringify(template.replaceAll('{USERNAME}', '{username}'))}`];
  }
  if (!/docker|kube|simplelocal/i.test(spawner)) return [];
  return [
    'accounts: # a uid for each user: that spawner needs no accounts of this machine',
    '  mode: dynamic',
  ];
}

function resourceLines(hub: Hub | null): string[] {
  const { memoryLimit: memory = null, cpuLimit: cpus = null } = hub?.settings ?? {};
  const entries = [
    ...(memory === null ? [] : [`memory: ${Math.round(memory / 2 ** 20)}M`]),
    ...(cpus === null ? [] : [`cpus: ${cpus}`]),
  ];
  return entries.length === 0 ? [] : [`    resources: { ${entries.join(', ')} }`];
}

export interface HubLinesInput {
  readonly config: ConfigFile;
  readonly hub: { readonly settings: Pick<Hub['settings'], 'startTimeout' | 'userScopes'> } | null;
  /** Our proxy is a unit. */
  readonly hasProxy: boolean;
  /** Directory of the plugin where pip does not install it. */
  readonly pluginDirectory: string | null;
}

/** What jupyterhub_config.py needs, by the configuration of the service. */
export function hubLines({ config, hub, hasProxy, pluginDirectory }: HubLinesInput): string {
  const [first] = config.hubs;
  const timeout = Math.max(75, hub?.settings.startTimeout ?? 0);
  const lines = [
    ...(pluginDirectory === null
      ? []
      : ['import sys', '', `sys.path.insert(0, ${text(pluginDirectory)})`, '']),
    'c.JupyterHub.spawner_class = "portwrap"',
    `c.PortwrapSpawner.service_url = ${text(serviceUrl(config))}`,
    `c.PortwrapSpawner.service_token_file = ${text(first?.token_file ?? '')}`,
    `c.Spawner.start_timeout = ${timeout}  # a little more than the profile's ready_timeout`,
    'c.JupyterHub.cleanup_servers = False  # servers outlive a restart of the hub',
    ...(hasProxy ? proxyLines(config) : []),
    ...pageLines(config, hub),
  ];
  return `${lines.join('\n')}\n`;
}

function proxyLines({ proxy }: ConfigFile): string[] {
  if (proxy === null) return [];
  return [
    '',
    '# the proxy is a unit of its own, portwrap-proxy',
    'c.JupyterHub.proxy_class = "jupyterhub.proxy.ConfigurableHTTPProxy"',
    'c.ConfigurableHTTPProxy.should_start = False',
    `c.ConfigurableHTTPProxy.api_url = ${text(proxy.api_url.replace(/\/$/, ''))}`,
    `with open(${text(proxy.token_file ?? '')}) as file:`,
    '    c.ConfigurableHTTPProxy.auth_token = file.read().strip()',
  ];
}

/** A role "user" of the administrator is not replaced: then only administrators may open the page. */
function pageLines({ admin_page: page }: ConfigFile, hub: HubLinesInput['hub']): string[] {
  if (page?.token_file === undefined) return [];
  const scope = accessScope(page.service_name);
  const scopes = hub?.settings.userScopes ?? null;
  return [
    '',
    `# the admin page, at /services/${page.service_name}/`,
    `with open(${text(page.token_file)}) as file:`,
    '    c.JupyterHub.services.append(',
    '        {',
    `            "name": ${text(page.service_name)},`,
    `            "url": ${text(`http://${addressOf(page.listen)}`)},`,
    '            "api_token": file.read().strip(),',
    '            "oauth_no_confirm": True,',
    '        }',
    '    )',
    ...(scopes !== null && !scopes.includes(scope)
      ? []
      : [`c.JupyterHub.load_roles.append({"name": "user", "scopes": ["self", ${text(scope)}]})`]),
  ];
}

export function accessScope(service: string): string {
  return `access:services!service=${service}`;
}

function serviceUrl({ service: { listen } }: ConfigFile): string {
  return listen.kind === 'unix' ? `unix://${listen.path}` : `http://${addressOf(listen)}`;
}

function addressOf(listen: ConfigFile['service']['listen']): string {
  if (listen.kind === 'unix') return listen.path;
  return `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

const text = (value: string) => JSON.stringify(value);
