// Asks the hub's own Python what its configuration says: JupyterHub loads the file as it does when it starts, and nothing
// else. (jupyterhub --show-config would make a cookie secret and a database.) This runs the administrator's code, with
// the account, the environment and the directory of the hub. Not here: finding the hub (find-hub.ts).
import { execa } from 'execa';
import { z } from 'zod';
import { PortwrapError } from '../../../../config/errors.ts';
import { becomeBareArgv, type Toolbox } from '../../../../portwrap/index.ts';
import type { HubProcess, HubSettings } from './facts.ts';

/** Throws SETUP_REFUSED with the last line of Python's traceback. */
export async function readHubSettings(tools: Toolbox, hub: HubProcess): Promise<HubSettings> {
  const [program = '', ...argv] = [
    ...(hub.uid === 0 ? [] : becomeBareArgv(tools('setpriv'), hub.uid, hub.gid, null)),
    ...[hub.python, '-c', script, ...hub.arguments],
  ];
  const run = await execa(program, argv, {
    cwd: hub.directory,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...hub.environment, PYTHONDONTWRITEBYTECODE: '1' },
    extendEnv: false,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    reject: false,
    timeout: 120_000,
  });
  const answer = run.stdio[3];
  if (typeof answer !== 'string' || answer === '') {
    const reason = run.stderr?.trim().split('\n').at(-1) || (run.shortMessage ?? 'it printed nothing');
    throw new PortwrapError('SETUP_REFUSED', `the hub's configuration cannot be loaded: ${reason}`, {
      hint: `Setup runs ${hub.python} with the hub's arguments: ${hub.arguments.join(' ')}.`,
    });
  }
  return settingsSchema.parse(JSON.parse(answer));
}

const script = `
import json, os, sys, sysconfig
from importlib import metadata, util

out = os.fdopen(3, "w")
try:
    from jupyterhub.app import JupyterHub
except ImportError as error:
    sys.exit(f"this Python has no JupyterHub ({error})")
from traitlets.config import Application

app = JupyterHub()
Application.initialize(app, sys.argv[1:])
app.load_config_file(app.config_file)

def setting(cls, name, default=None):
    for one in cls.mro():
        if name in app.config.get(one.__name__, {}):
            return app.config[one.__name__][name]
    value = getattr(cls, name, None)
    value = getattr(value, "default_value", None)
    return default if value is None or not isinstance(value, (str, bool, int, float)) else value

def name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"

def plugin():
    try:
        found = metadata.distribution("portwrap-spawner")
        return found.version, str(found.locate_file(""))
    except metadata.PackageNotFoundError:
        return None, None

def number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else None

def size(value):
    units = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
    if isinstance(value, str) and value[-1:] in units:
        return int(float(value[:-1]) * units[value[-1]])
    return number(value)

proxy = app.proxy_class
spawner = app.spawner_class
base = app.base_url.rstrip("/") + "/hub/api"
hub = app.hub_bind_url if app.hub_bind_url else f"http://{app.hub_ip}:{app.hub_port}"
tls = "https" if app.internal_ssl else "http"
if app.internal_ssl:  # whatever the URL says
    hub = hub.replace("http:", "https:", 1)
public = getattr(app, "public_url", "") or app.subdomain_host or app.bind_url
# as JupyterHub 5 and later do, which let nobody sign in otherwise
authenticator = app.authenticator_class
allows = [one for one in authenticator.class_trait_names() if one.startswith(("allow", "any_allow"))]
allowed = "allow_all" not in allows or any(setting(authenticator, one) for one in allows)
prefix, _ = os.path.splitext(os.path.abspath(app.config_file))
roles = {role.get("name"): role for role in app.load_roles}
json.dump({
    "version": metadata.version("jupyterhub"),
    "configFile": prefix + ".py",
    "prefix": sys.prefix,
    "hasPip": util.find_spec("pip") is not None,
    "isExternallyManaged": sys.prefix == sys.base_prefix
    and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")),
    "plugin": plugin()[0],
    "pluginPath": plugin()[1],
    "bindUrl": app.bind_url,
    "hubUrl": hub,
    "apiPath": base,
    "publicUrl": public if app.internal_ssl else None,
    "usesTls": bool(app.ssl_key or app.ssl_cert or app.internal_ssl),
    "authenticator": name(authenticator),
    "allowsUsers": bool(allowed),
    "spawner": name(spawner),
    "usernameTemplate": setting(spawner, "username_template"),
    "memoryLimit": size(setting(spawner, "mem_limit")),
    "cpuLimit": number(setting(spawner, "cpu_limit")),
    "startTimeout": number(setting(spawner, "start_timeout")) or 60,
    "cleansUpServers": app.cleanup_servers,
    "proxy": {
        "kind": name(proxy),
        "isConfigurableHttpProxy": any(one.__name__ == "ConfigurableHTTPProxy" for one in proxy.mro()),
        "isStartedByHub": bool(setting(proxy, "should_start", True)),
        "apiUrl": str(setting(proxy, "api_url") or f"{tls}://127.0.0.1:8001"),
    },
    "services": [str(service.get("name")) for service in app.services],
    "userScopes": [str(scope) for scope in roles["user"].get("scopes", [])] if "user" in roles else None,
}, out)
`;

const settingsSchema = z
  .object({
    version: z.string(),
    configFile: z.string(),
    prefix: z.string(),
    hasPip: z.boolean(),
    isExternallyManaged: z.boolean(),
    plugin: z.string().nullable(),
    pluginPath: z.string().nullable(),
    bindUrl: z.string(),
    hubUrl: z.string(),
    apiPath: z.string(),
    publicUrl: z.string().nullable(),
    usesTls: z.boolean(),
    authenticator: z.string(),
    allowsUsers: z.boolean(),
    spawner: z.string(),
    usernameTemplate: z.string().nullable(),
    memoryLimit: z.number().nullable(),
    cpuLimit: z.number().nullable(),
    startTimeout: z.number(),
    cleansUpServers: z.boolean(),
    proxy: z.object({
      kind: z.string(),
      isConfigurableHttpProxy: z.boolean(),
      isStartedByHub: z.boolean(),
      apiUrl: z.string(),
    }),
    services: z.array(z.string()),
    userScopes: z.array(z.string()).nullable(),
  })
  .transform(
    ({ hubUrl, apiPath, publicUrl, ...rest }): HubSettings => ({
      ...rest,
      apiUrl: apiUrlOf(hubUrl, apiPath),
      publicApiUrl: publicUrl === null ? null : apiUrlOf(publicUrl, apiPath),
    }),
  );

/** An address that means all of the machine's is reached at 127.0.0.1. */
export function apiUrlOf(hubUrl: string, path: string): string {
  const url = new URL(
    hubUrl.replace(/^(https?:\/\/)(?=[:/]|$)/, '$1127.0.0.1').replace('://*', '://127.0.0.1'),
  );
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = '127.0.0.1';
  return `${url.origin}${path}`;
}
