// The config.yaml of The Littlest JupyterHub as the YAML of the service. TLJH goes on reading its file, so most of it
// stays. It is data, so nothing is run. Not here: a jupyterhub_config.py (translate.ts).
import { parseDocument } from 'yaml';
import { PortwrapError } from '../../../config/errors.ts';
import { orDefault } from './outcomes.ts';
import { systemPath } from './read/find-python.ts';
import { isTable, type Value, valueSchema } from './read/settings.ts';
import { at, key, none, nothing, number, type Outcome, type Placed, type Rule, size } from './rules/rule.ts';
import { type Assigned, assignment, type Migration, type Told } from './translate.ts';

/** Throws MIGRATE_FAILED. */
export function translateTljh(path: string, text: string): Migration {
  const document = parseDocument(text, { prettyErrors: false });
  const data = valueSchema.safeParse(document.errors.length > 0 ? undefined : (document.toJS() ?? {}));
  if (!data.success || !isTable(data.data))
    throw new PortwrapError('MIGRATE_FAILED', `${path} is no YAML of TLJH`);
  const assigned: Assigned[] = [];
  const told: Told[] = [];
  const put = (placed: Placed, label: string | null) => void assigned.push(assignment(0, placed, label));
  for (const placed of begin(data.data)) put(placed, null);
  const settings = leaves(data.data, []);
  const get = (wanted: string) => settings.find(([name]) => name === wanted)?.[1];
  for (const [name, value] of settings) {
    const rule = ruleOf(name);
    const outcomes: readonly Outcome[] =
      rule === undefined ? [{ kind: 'hub' }] : rule.apply(value, { get, path: [] });
    for (const outcome of orDefault(outcomes)) {
      if (outcome.kind === 'yaml') for (const placed of outcome.placed) put(placed, name);
      told.push({ label: name, outcome, staysAsItIs: outcome.kind === 'hub' });
    }
  }
  return {
    ...{ source: path, spawner: 'The Littlest JupyterHub', assigned, told, startTimeout: null },
    remarks: [
      'Files of /opt/tljh/config/jupyterhub_config.d stay in force; give each that sets a spawner to migrate as well',
    ],
  };
}

/** As TLJH makes accounts, and where its programs are. */
function begin(data: { readonly [key: string]: Value }): Placed[] {
  const service = (path: string, value: Value): Placed => ({
    scope: 'service',
    path: path.split('.'),
    value,
  });
  const base =
    typeof data.base_url === 'string' ? data.base_url.replace(/^\/?/, '/').replace(/\/*$/, '') : '';
  return [
    {
      scope: 'service',
      path: ['hubs'],
      value: [
        {
          name: 'tljh',
          token_file: '/etc/portwrap-spawner/hub.token',
          api_url: `http://127.0.0.1:15001${base}/hub/api`,
        },
      ],
    },
    service('accounts.username', 'jupyter-{username}'),
    service('accounts.create', true),
    service('accounts.groups', ['jupyterhub-users']),
    at('name', 'default'),
    at('path', ['/opt/tljh/user/bin', ...systemPath]),
  ];
}

function culling(path: string): Rule {
  const on = key(path, number, 'turn the culler of TLJH off: tljh-config set services.cull.enabled false');
  return {
    apply: (value, context) =>
      context.get('services.cull.enabled') === false
        ? [none('services.cull.enabled is false: nothing is culled')]
        : on.apply(value, context),
  };
}

/** By section and name. */
const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  limits: { memory: key('resources.memory', size), cpu: key('resources.cpus', number) },
  'services.cull': {
    timeout: culling('culling.idle_timeout'),
    max_age: culling('culling.max_age'),
    every: nothing('service.activity_interval is how often servers are asked'),
    concurrency: nothing('servers are asked together'),
    users: nothing('users are not removed'),
    remove_named_servers: nothing('named servers stay in the list of the hub'),
  },
  users: { extra_user_groups: nothing('add the accounts to these groups: usermod -aG') },
};

function ruleOf(name: string): Rule | undefined {
  const dot = name.lastIndexOf('.');
  return rules[name.slice(0, dot)]?.[name.slice(dot + 1)];
}

/** The settings with the names that tljh-config has; below auth only the first two parts, since the rest may be secret. */
function leaves(value: Value, path: readonly string[]): (readonly [string, Value])[] {
  const isDeep = path[0] === 'auth' && path.length >= 2;
  if (!isTable(value) || isDeep || ruleOf(path.join('.')) !== undefined)
    return path.length === 0 ? [] : [[path.join('.'), value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]));
}
