// What becomes of the settings that every spawner has, c.Spawner.*: docs/jupyterhub.md, "The hub's own settings".
import { isSecretName, looksSecret } from '../read/secrets.ts';
import { isTable, type Value } from '../read/settings.ts';
import {
  at,
  command,
  flag,
  hubs,
  key,
  none,
  nothing,
  number,
  type Outcome,
  type Rule,
  type SpawnerRules,
  size,
  yaml,
} from './rule.ts';

const environment: Rule = {
  takesAnything: true,
  apply(value) {
    if (!isTable(value)) return [{ kind: 'hub', remark: 'it is code' }];
    const names = Object.keys(value);
    const plain = names.filter((name) => isPlainVariable(name, value[name] ?? null));
    const others = names.filter((name) => !plain.includes(name));
    const outcomes: Outcome[] = [];
    if (plain.length > 0) {
      outcomes.push(
        yaml(plain.map((name) => ({ ...at('environment', value[name] ?? ''), path: ['environment', name] }))),
      );
    }
    if (others.length > 0) {
      outcomes.push({
        kind: 'hub',
        remark: `keep ${others.join(', ')}: code, or perhaps secret, and so not printed`,
      });
    }
    return outcomes;
  },
};

function isPlainVariable(name: string, value: Value): boolean {
  return (
    typeof value === 'string' &&
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) &&
    !/^(?:JUPYTERHUB_|PATH$)/.test(name) &&
    !isSecretName(name) &&
    !looksSecret(value) &&
    !value.includes('\0')
  );
}

const startTimeout: Rule = {
  apply(value) {
    const seconds = number(value);
    if (seconds === undefined) return [];
    const ready = Math.min(3600, Math.max(1, seconds - 5));
    return [
      {
        kind: 'hub',
        remark: `ready_timeout is ${ready}, a little less, so that its reason reaches the user`,
      },
      yaml([at('ready_timeout', ready)]),
    ];
  },
};

const httpTimeout: Rule = {
  apply(value, { get }) {
    const seconds = number(value);
    const stays: Outcome = { kind: 'hub' };
    if (seconds === undefined || seconds <= 60 || get('start_timeout') !== undefined) return [stays];
    return [
      { ...stays, remark: 'c.Spawner.start_timeout must be a few seconds longer' },
      yaml([at('ready_timeout', Math.min(3600, seconds))]),
    ];
  },
};

const noGuarantee = nothing(
  'remove it: the service has limits but keeps nothing free, and refuses to start with it',
);

export const hubSpawner: SpawnerRules = {
  otherwise: 'a setting of the hub',
  traits: {
    mem_limit: key('resources.memory', size),
    cpu_limit: key('resources.cpus', number),
    mem_guarantee: noGuarantee,
    cpu_guarantee: noGuarantee,
    cmd: key('command', command),
    args: hubs(),
    environment,
    env_keep: hubs("of the hub's own environment nothing else is kept"),
    default_url: hubs(),
    notebook_dir: hubs(),
    debug: hubs(),
    disable_user_config: hubs(),
    ip: nothing(
      'remove it: servers listen inside their sandbox; ports.host_address is where they are forwarded',
    ),
    port: nothing('remove it: a server has all ports for itself; ports.range has those of the machine'),
    start_timeout: startTimeout,
    http_timeout: httpTimeout,
    poll_interval: hubs(),
    consecutive_failure_limit: hubs('a refusal of what a user chose does not count'),
    pre_spawn_hook: hubs(),
    post_stop_hook: hubs(),
    auth_state_hook: hubs(),
    options_form: hubs('takes the place of the form with the profiles'),
    options_from_form: hubs('a field that is no option of the profile is refused'),
    ssl_alt_names: nothing('the plugin makes certificates for the address of the forward'),
    ssl_alt_names_include_local: nothing('the plugin makes certificates for the address of the forward'),
    hub_connect_url: hubs('it must be reachable from a sandbox'),
    group_overrides: hubs(),
    progress_ready_hook: hubs(),
  },
};

/** Of spawners whose servers are in an image, or run by a program of their own. */
export const commandOfImage = key('command', command, 'the program must be on this machine');

export const notEnforced = {
  mem_limit: key('resources.memory', size, 'enforced now'),
  cpu_limit: key('resources.cpus', number, 'enforced now'),
};

export const alwaysOn = (remark: string): Rule =>
  flag(none(`always so: ${remark}`), none(`cannot be turned off: ${remark}`));
