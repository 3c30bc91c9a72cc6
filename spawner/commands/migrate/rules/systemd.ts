// What becomes of the settings of SystemdSpawner, and of the properties of its units.
import { hasSecret } from '../read/secrets.ts';
import { isTable, type Value } from '../read/settings.ts';
import { alwaysOn } from './hub-spawner.ts';
import {
  at,
  flag,
  isPlain,
  key,
  more,
  none,
  nothing,
  number,
  type Outcome,
  type Placed,
  type Rule,
  type SpawnerRules,
  serviceKey,
  size,
  template,
  text,
  texts,
  yaml,
} from './rule.ts';

/** "/" read-only is the view strict. systemd's - before a path is ours. */
function paths(path: string): Rule {
  return { apply: (value) => [placedPaths(path, value)] };
}

function placedPaths(path: string, value: Value): Outcome {
  const found = (texts(value) ?? []).map((one) => template(one));
  const known = found.filter((one) => one !== undefined);
  const isRoot = (one: string) => one === '/' && path === 'files.read_only';
  const placed: Placed[] = [];
  if (known.some(isRoot)) placed.push(at('files.view', 'strict'));
  const others = known.filter((one) => !isRoot(one));
  if (others.length > 0) placed.push(more(path, others));
  if (placed.length === 0) return none(`set ${path} by hand`);
  return yaml(
    placed,
    known.length < found.length ? 'paths with {USERID} are left out: add them by hand' : undefined,
  );
}

const extraPaths: Rule = {
  apply(value, context) {
    const found = texts(value) ?? [];
    const known = found
      .map((path) => path.replace(/(.)\/$/, '$1'))
      .filter((path) => /^\/[^{}$:]*$/.test(path));
    if (found.length === 0) return [];
    if (known.length === 0) return [none('path has no placeholders: set it by hand')];
    const remark = known.length < found.length ? 'directories with placeholders are left out' : undefined;
    return [yaml([at('path', [...new Set([...known, ...context.path])])], remark)];
  },
};

/** The size of MemoryMax; infinity is none. */
const limit = (value: Value) => (value === 'infinity' ? undefined : size(value));
const whole = (value: Value) => {
  const found = number(value);
  return found === undefined ? undefined : Math.round(found);
};
const percent = (value: Value) => {
  const found = number(String(value).replace(/%$/, ''));
  return found === undefined ? undefined : found / 100;
};

function hook(path: string): Rule {
  return {
    apply(value) {
      const [first = '', ...others] = texts(value) ?? [];
      const [, flags = '', line = ''] = /^([-+!@:|]*)(\/.*)$/.exec(first.trim()) ?? [];
      if (others.length > 0 || line === '' || /["'\\$%]/.test(line))
        return [none(`set ${path}.command by hand`)];
      const run = flags.includes('+') ? 'service' : 'user';
      return [yaml([at(`${path}.command`, line.split(/\s+/)), at(`${path}.run_as`, run)])];
    },
  };
}

/** Properties of systemd.exec(5) and systemd.resource-control(5). */
export const unitProperties: Readonly<Record<string, Rule>> = {
  MemoryMax: key('resources.memory', limit),
  MemoryLimit: key('resources.memory', limit),
  MemoryHigh: key('resources.memory_high', limit),
  CPUQuota: key('resources.cpus', percent),
  CPUWeight: key('resources.cpu_weight', whole),
  IOWeight: key('resources.io_weight', whole),
  TasksMax: key('resources.processes', whole),
  LimitNOFILE: key('resources.open_files', whole),
  Nice: key('resources.nice', whole),
  UMask: key('umask', (value) => /^0?[0-7]{3}$/.exec(String(value))?.[0]),
  WorkingDirectory: key('working_directory', template),
  ReadOnlyPaths: paths('files.read_only'),
  ReadOnlyDirectories: paths('files.read_only'),
  ReadWritePaths: paths('files.read_write'),
  ReadWriteDirectories: paths('files.read_write'),
  InaccessiblePaths: paths('files.hide'),
  InaccessibleDirectories: paths('files.hide'),
  ExecStartPre: hook('hooks.before_start'),
  ExecStopPost: hook('hooks.after_end'),
  PrivateTmp: nothing('always so: /tmp and /var/tmp are private'),
  PrivateDevices: key('files.devices', (value) =>
    /^(?:yes|true|1|on)$/i.test(String(value)) ? 'basic' : undefined,
  ),
  NoNewPrivileges: nothing('always so'),
  Slice: nothing('all servers are in portwrap.slice'),
};

const extraProperties: Rule = {
  takesAnything: true,
  apply(value, context) {
    if (!isTable(value)) return [none('it is code: set the keys by hand')];
    return Object.entries(value).flatMap(([name, one]) => {
      const rule = unitProperties[name];
      if (rule === undefined) return [none(`${name} has no counterpart`)];
      if (!isPlain(one) || hasSecret(one))
        return [none(`${name} is code, or perhaps secret, and so not printed`)];
      return rule.apply(one, context).map((outcome): Outcome => {
        return outcome.kind === 'none' ? none(`${name}: ${outcome.remark}`) : outcome;
      });
    });
  },
};

export const systemd: SpawnerRules = {
  otherwise: 'each server has a sandbox and a control group of its own, and no unit',
  traits: {
    mem_limit: key('resources.memory', size, 'with swap'),
    isolate_tmp: alwaysOn('/tmp and /var/tmp are private'),
    isolate_devices: flag(
      yaml([at('files.devices', 'basic')]),
      none('as files.devices: all, which is the default: servers see the devices of the machine'),
    ),
    disable_user_sudo: alwaysOn('no program in a sandbox gains privileges'),
    readonly_paths: paths('files.read_only'),
    readwrite_paths: paths('files.read_write'),
    dynamic_users: {
      apply: (value) => [
        value === true
          ? yaml(
              [
                { scope: 'service', path: ['accounts', 'mode'], value: 'dynamic' },
                { scope: 'service', path: ['accounts', 'home'], value: '/var/lib/{username}' },
              ],
              'homes that exist must be given to the new uids',
            )
          : none('as accounts.mode: system, which is the default'),
      ],
    },
    username_template: serviceKey('accounts.username', template),
    user_workingdir: key('working_directory', template),
    default_shell: key('shell', text),
    extra_paths: extraPaths,
    unit_extra_properties: extraProperties,
    unit_name_template: nothing('servers are no units; portwrap-spawner ls lists them'),
    slice: nothing('all servers are in portwrap.slice; limits bounds them together'),
  },
};
