// The configuration files of the demo: the service's YAML, JupyterHub's Python, and the package metadata through which
// JupyterHub finds our plugin without an installation. They name secrets and never contain them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function writeConfigFiles({ directory, ports, range, hub, root }) {
  const { path } = directory;
  const asRoot = process.getuid() === 0;
  write(path('config.yaml'), serviceConfig({ path, ports, range, hub, asRoot }));
  write(path('hub', 'jupyterhub_config.py'), hubConfig({ path, ports, hub }));
  writePluginMetadata(path('plugin'), join(root, 'hub', 'pyproject.toml'));
  return { serviceConfig: path('config.yaml'), hubConfig: path('hub', 'jupyterhub_config.py') };
}

// JSON is valid YAML and quotes every path correctly.
function serviceConfig({ path, ports, range, hub, asRoot }) {
  const server = serverSettings({ path, hub });
  const config = {
    service: { listen: `127.0.0.1:${ports.service}`, state_dir: path('run') },
    hubs: [
      {
        name: 'demo',
        token_file: path('secrets', 'service-token'),
        api_url: `http://127.0.0.1:${ports.hub}/hub/api`,
      },
    ],
    proxy: {
      api_url: `http://127.0.0.1:${ports.proxyApi}`,
      token_file: path('secrets', 'proxy-token'),
    },
    admin_page: {
      listen: `127.0.0.1:${ports.page}`,
      token_file: path('secrets', 'page-token'),
    },
    accounts: { mode: asRoot ? 'dynamic' : 'service', home: path('homes', '{username}') },
    ports: { range },
    profiles: [
      {
        name: 'default',
        title: 'Notebook server',
        description: 'Reaches other machines and the hub, and nothing else of this machine.',
        ...server,
      },
      {
        name: 'offline',
        title: 'Without internet',
        description: 'Reaches the hub only.',
        ...server,
        network: { internet: false, dns: false },
      },
    ],
  };
  return `# Written by npm start.\n${JSON.stringify(config, null, 2)}\n`;
}

/** What all profiles have. */
function serverSettings({ path, hub }) {
  const choice = {
    name: 'interface',
    description: 'What the browser shows',
    variable: 'PORTWRAP_DEMO_INTERFACE',
    choices: ['JupyterLab', 'Notebook'],
    default: 'JupyterLab',
  };
  return {
    path: [...new Set([dirname(hub.python), '/usr/local/bin', '/usr/bin', '/bin'])],
    environment: { JUPYTER_CONFIG_PATH: path('shared', 'jupyter') },
    ready_timeout: 120, // the first start of a machine that is busy reads JupyterLab from the disk
    stop_timeout: 5,
    // without root all users share one account, which also owns the secrets and records beside the homes
    files: { hide: [path()], read_only: [path('shared')] },
    options: hub.isOurs ? [choice] : [],
  };
}

function hubConfig({ path, ports, hub }) {
  const text = JSON.stringify;
  const listeners = {
    'the hub': ports.hub,
    'the public address': ports.public,
    "the proxy's REST API": ports.proxyApi,
    'the spawner service': ports.service,
    'the admin page': ports.page,
  };
  return `# Written by npm start.
from pathlib import Path

import jupyterhub
import portwrap_demo

secrets = Path(${text(path('secrets'))})

c.JupyterHub.bind_url = "http://127.0.0.1:${ports.public}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:${ports.hub}/"
c.JupyterHub.db_url = "sqlite:///" + ${text(path('hub', 'jupyterhub.sqlite'))}
c.JupyterHub.cookie_secret_file = str(secrets / "cookie-secret")
c.JupyterHub.allow_named_servers = True

# The proxy, the service and the servers outlive a restart of the hub.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${ports.proxyApi}"
c.ConfigurableHTTPProxy.auth_token = (secrets / "proxy-token").read_text().strip()

c.JupyterHub.spawner_class = "portwrap"
c.PortwrapSpawner.service_url = "http://127.0.0.1:${ports.service}"
c.PortwrapSpawner.service_token_file = str(secrets / "service-token")
# A little longer than the profile's ready_timeout, so that its reason is the one that is shown.
c.Spawner.start_timeout = 135

# The admin page: admins see every server there, users their own.
c.JupyterHub.services = [
    {
        "name": "portwrap",
        "url": "http://127.0.0.1:${ports.page}",
        "api_token": (secrets / "page-token").read_text().strip(),
        "oauth_no_confirm": True,
    }
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=portwrap"]}
]

# Any user name may log in with the demo's password.
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = (secrets / "password").read_text().strip()
c.Authenticator.admin_users = {"admin"}
if jupyterhub.version_info >= (5,):
    c.Authenticator.allow_all = True

# The servers: with the notebook "Start here", whose cells ask a page of the hub what is seen from outside.
c.Spawner.cmd = [${text(path('shared', 'single-user.sh'))}]
${hub.hasLab ? lab : classic}
c.JupyterHub.extra_handlers = portwrap_demo.handlers(${text(listeners)})
`;
}

const lab = 'c.Spawner.default_url = "/lab/tree/Start%20here.ipynb"';
const classic =
  'c.Spawner.environment = {"JUPYTERHUB_SINGLEUSER_APP": "notebook.notebookapp.NotebookApp"}  # no JupyterLab here';

/** https://packaging.python.org/en/latest/specifications/entry-points/ */
function writePluginMetadata(folder, pyproject) {
  const project = readFileSync(pyproject, 'utf8');
  const [, version] = /^version = "([^"]+)"/m.exec(project);
  const entryPoints = [...project.matchAll(/^\[project\.entry-points\."(.+)"\]\n(.+)$/gm)];
  const sections = entryPoints.map(([, group, line]) => `[${group}]\n${line.replaceAll('"', '')}\n`);
  const metadata = join(folder, `portwrap_spawner-${version}.dist-info`);
  mkdirSync(metadata, { recursive: true });
  write(join(metadata, 'METADATA'), `Metadata-Version: 2.1\nName: portwrap-spawner\nVersion: ${version}\n`);
  write(join(metadata, 'entry_points.txt'), sections.join('\n'));
}

function write(path, content) {
  writeFileSync(path, content, { mode: 0o600 });
}
