// A real JupyterHub with the plugin under test, its proxy started by PortwrapProxy, and a spawner service beside
// it. Any user name logs in with the password. Not here: the requests.
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { freePorts } from '../machine/free-ports.ts';
import { type Answer, hubToken, startService, type TestOptions, type TestService } from '../service.ts';
import { hubPython, serverPath, startProcess, upgradeDatabase, writePluginMetadata } from './hub-process.ts';

const root = new URL('../../..', import.meta.url).pathname;
const proxyToken = 'test-proxy-token-0123456789';
const adminToken = 'test-admin-token-0123456789';

export interface TestHub {
  /** The public address. */
  readonly url: string;
  readonly password: string;
  readonly service: TestService;
  /** What the hub has logged so far, in all its lives. */
  readonly logged: () => string;
  /** The pid of the proxy, as its pid file has it. */
  readonly proxyPid: () => number;
  /** A request to the hub's REST API as an administrator, such as POST /users/alice/server. */
  api(method: string, path: string, body?: object): Promise<Answer>;
  /** What the proxy's table has; for a hub that was started with a page. */
  routes(): Promise<Record<string, Record<string, unknown>>>;
  /** Over the hub's API, and waits until the hub says that it is ready. */
  startServer(user: string, server?: { readonly name?: string; readonly options?: object }): Promise<void>;
  /** The events of a user's start that is pending, as a text that ends with it. Settles with the first one. */
  progressOf(user: string): Promise<Response>;
  stopServer(user: string): Promise<void>;
  /** The environment of a user's server as the kernel has it. */
  environmentOf(user: string): Promise<Record<string, string>>;
  /** Has the service read other profiles. */
  offer(profiles: string): Promise<void>;
  /** Ends the hub by the signal and starts it again; `between` happens while none runs. */
  restart(signal: NodeJS.Signals, between?: () => Promise<void>): Promise<void>;
  /** Ends it, and starts the JupyterHub of another Python on its upgraded database. */
  upgrade(python: string): Promise<void>;
  dispose(): Promise<void>;
}

export interface TestHubOptions extends Pick<TestOptions, 'service' | 'hub'> {
  /** Users, services and the hub each have a host below this one, which browsers resolve by themselves: hub.localhost. */
  readonly subdomains?: string;
  /** The service has the admin page, and registers routes with the hub's proxy (with internal_ssl it cannot). */
  readonly withPage?: boolean;
  /** With the page: users open ports inside their servers. */
  readonly portLinks?: boolean;
  /** `port_links.domain`. */
  readonly portDomain?: string;
  /** Files with which the proxy speaks TLS with browsers. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Hub, proxy and servers use TLS with each other and accept no other clients. */
  readonly internalSsl?: boolean;
  /** The hub and the API of its proxy listen at unix sockets (JupyterHub 6), by the lines of docs/jupyterhub.md. */
  readonly atSockets?: boolean;
  /** More of the top level of the service's YAML. */
  readonly yaml?: string;
  /** The Python with the JupyterHub, if not that of all tests. */
  readonly python?: string;
}

/** `profiles` and `options` as in startService; `config` is more of jupyterhub_config.py. */
export async function startTestHub(
  profiles: string,
  config = '',
  options: TestHubOptions = {},
): Promise<TestHub> {
  const [port = 0, proxyApi = 0, hubPort = 0, page = 0, links = 0] = await freePorts(5);
  const scheme = options.tls === undefined ? 'http' : 'https';
  const url = `${scheme}://${options.subdomains ?? '127.0.0.1'}:${port}`;
  const around = options.withPage
    ? pageAndProxy({ ...options, url, proxyApi, page, links })
    : { yaml: '', python: '' };
  const service = await startService(profiles, `${around.yaml}\n${options.yaml ?? ''}`, {
    ...options,
    hub: [
      `api_url: "${options.atSockets === true ? url : `http://127.0.0.1:${hubPort}`}/hub/api"`,
      ...(options.internalSsl === true ? [`public_api_url: "${url}/hub/api"`] : []),
      ...(options.hub === undefined ? [] : [options.hub]),
    ].join(', '),
  });
  const directory = join(service.directory, 'hub');
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(
    join(directory, 'jupyterhub_config.py'),
    [
      hubConfig({ scheme, port, proxyApi, hubPort, serviceUrl: service.url }),
      options.tls === undefined ? '' : withTls(options.tls),
      ...[options.internalSsl === true ? withInternalSsl : '', around.python],
      ...[options.atSockets === true ? withSockets(socketsOf(port), port) : '', config],
    ].join(''),
  );
  writePluginMetadata(directory);
  const logged: string[] = [];
  // with these the proxy is the only way to the hub
  const reached =
    options.internalSsl === true || options.atSockets === true ? url : `http://127.0.0.1:${hubPort}`;
  let python = options.python ?? hubPython;
  const start = () => startProcess(directory, `${reached}/hub/health`, logged, python);
  const proxyPid = () => Number(readFileSync(join(directory, 'portwrap-proxy.pid'), 'utf8'));
  const clear = async () => {
    try {
      const pid = proxyPid();
      if (pid > 0) process.kill(pid, 'SIGTERM'); // 0, of a file without content, would be this process itself
    } catch {
      // the hub has ended it, or has started none
    }
    await service.dispose();
    for (const made of [directory, socketsOf(port)]) rmSync(made, { recursive: true, force: true });
  };
  let child = await start().catch(async (error: unknown) => {
    await clear();
    throw error;
  });

  const api: TestHub['api'] = async (method, path, body) => {
    const response = await fetch(`${reached}/hub/api${path}`, {
      method,
      headers: { authorization: `token ${adminToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    return { status: response.status, body: answer === '' ? {} : JSON.parse(answer) };
  };
  const restart: TestHub['restart'] = async (signal, between = async () => {}) => {
    child.kill(signal);
    await once(child, 'exit');
    await between();
    child = await start();
  };
  return {
    ...{ url, password: 'test-password', service, proxyPid, api },
    logged: () => logged.join(''),
    async routes() {
      const headers = { authorization: `token ${proxyToken}` };
      const answer = await fetch(`http://127.0.0.1:${proxyApi}/api/routes`, { headers });
      return (await answer.json()) as Record<string, Record<string, unknown>>;
    },
    async startServer(user, { name = '', options = {} } = {}) {
      const path = name === '' ? 'server' : `servers/${encodeURIComponent(name)}`;
      const { status, body } = await api('POST', `/users/${user}/${path}`, options);
      if (status !== 201 && status !== 202) throw new Error(`no start: ${status} ${JSON.stringify(body)}`);
      const isReady = async () => {
        const { servers = {} } = (await api('GET', `/users/${user}`)).body as {
          servers?: Record<string, { ready: boolean }>;
        };
        return servers[name]?.ready === true;
      };
      await vi.waitUntil(isReady, { timeout: 90_000, interval: 200 });
    },
    progressOf(user) {
      const headers = { authorization: `token ${adminToken}` };
      return fetch(`${reached}/hub/api/users/${user}/server/progress`, { headers });
    },
    async stopServer(user) {
      await api('DELETE', `/users/${user}/server`);
      await vi.waitUntil(async () => (await api('GET', `/users/${user}`)).body.server === null, {
        timeout: 120_000,
      });
    },
    async environmentOf(user) {
      const { body } = await service.call('GET', `/users/${user}/server`);
      const inside = Number(
        readFileSync(`/proc/${body.pid}/task/${body.pid}/children`, 'utf8').split(' ')[0],
      );
      const variables = readFileSync(`/proc/${inside || body.pid}/environ`, 'utf8').split('\0');
      return Object.fromEntries(variables.filter(Boolean).map((text) => text.split(/=(.*)/s, 2)));
    },
    async offer(offered) {
      const before = readFileSync(service.config, 'utf8');
      writeFileSync(service.config, before.replace(/^profiles:[\s\S]*/m, `profiles:\n${offered}`));
      const token = readFileSync(join(service.stateDirectory, 'admin-token'), 'utf8');
      const { status, body } = await service.call('POST', '/reload', undefined, token);
      if (status !== 200) throw new Error(`the profiles were refused: ${JSON.stringify(body)}`);
    },
    restart,
    upgrade(other) {
      python = other;
      return restart('SIGTERM', () => upgradeDatabase(directory, other));
    },
    async dispose() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await clear();
    },
  };
}

/** The lines of docs/admin-page.md, for both sides. */
function pageAndProxy(options: TestHubOptions & PagePlaces) {
  const { url, proxyApi, page, links, subdomains, portLinks, portDomain = 'null' } = options;
  const proxy = `proxy: {api_url: "http://127.0.0.1:${proxyApi}", token_env: CONFIGPROXY_AUTH_TOKEN}`;
  return {
    yaml: `
${options.internalSsl === true ? '' : proxy}
admin_page:
  listen: "127.0.0.1:${page}"
  token_env: HUB_TOKEN
  hub_url: ${subdomains === undefined ? 'null' : url}
${portLinks === true ? `port_links: {listen: "127.0.0.1:${links}", domain: ${portDomain}}` : ''}
`,
    python: `
c.JupyterHub.subdomain_host = "${subdomains === undefined ? '' : url}"
c.PortwrapProxy.auth_token = "${proxyToken}"
c.JupyterHub.services.append(
    {"name": "portwrap", "url": "http://127.0.0.1:${page}", "api_token": "${hubToken}", "oauth_no_confirm": True}
)
c.JupyterHub.load_roles.append({"name": "user", "scopes": ["self", "access:services!service=portwrap"]})
c.Authenticator.admin_users = {"admin"}
`,
  };
}

interface PagePlaces {
  readonly url: string;
  readonly proxyApi: number;
  readonly page: number;
  readonly links: number;
}

/** As in docs/jupyterhub.md, except that these hubs set the address of the proxy's API. */
const withInternalSsl = `
c.JupyterHub.internal_ssl = True
c.JupyterHub.trusted_alt_names = ["IP:10.0.2.2"]
c.PortwrapProxy.api_url = c.PortwrapProxy.api_url.replace("http:", "https:")
`;

/** JupyterHub 6.1 makes the letters of a socket's path lower-case. */
const socketsOf = (port: number) => join(tmpdir(), `hub-sockets-${port}`);

function withSockets(directory: string, port: number): string {
  mkdirSync(directory, { mode: 0o700 });
  const at = (name: string) => `http+unix://${encodeURIComponent(join(directory, name))}`;
  return `
c.JupyterHub.hub_bind_url = "${at('hub.sock')}"
c.JupyterHub.hub_connect_url = "${at('hub.sock')}"
c.PortwrapProxy.api_url = "${at('proxy-api.sock')}"
c.Spawner.hub_connect_url = "http://10.0.2.2:${port}"
`;
}

function withTls({ key, cert }: { key: string; cert: string }): string {
  return `c.JupyterHub.ssl_key = "${key}"\nc.JupyterHub.ssl_cert = "${cert}"\n`;
}

interface Places {
  readonly scheme: string;
  readonly port: number;
  readonly proxyApi: number;
  readonly hubPort: number;
  readonly serviceUrl: string;
}

function hubConfig({ scheme, port, proxyApi, hubPort, serviceUrl }: Places): string {
  const proxy = [process.execPath, join(root, 'dist', 'proxy', 'main.js')];
  return `
c.JupyterHub.bind_url = "${scheme}://127.0.0.1:${port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:${hubPort}/"
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.allow_named_servers = True
c.JupyterHub.spawner_class = "portwrap"
c.JupyterHub.proxy_class = "portwrap"
c.PortwrapProxy.command = ${JSON.stringify(proxy)}
c.PortwrapProxy.api_url = "http://127.0.0.1:${proxyApi}"
c.PortwrapSpawner.service_url = "${serviceUrl}"
c.PortwrapSpawner.service_token = "${hubToken}"
c.PortwrapSpawner.start_timeout = 150
c.Spawner.environment = {"PATH": "${serverPath}"}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "test-password"
c.JupyterHub.load_roles = [{"name": "test", "scopes": ["admin:users", "admin:servers", "read:metrics"], "services": ["test"]}]
c.JupyterHub.services = [{"name": "test", "api_token": "${adminToken}"}]
for name in ("alice", "bob", "carol"):
    c.Authenticator.allowed_users.add(name)
`;
}
