// The current configuration, and replacing it without a restart. Not here: reading a file (config/load.ts).
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './load.ts';

export interface CurrentConfig {
  get(): Config;
  /** Applies the keys that can change while servers run; returns the changed keys and those that need a restart. */
  replace(next: Config): Reload;
}

export interface Reload {
  /** Keys whose new values are in force. */
  readonly changed: readonly string[];
  /** Keys with new values in the file that keep the old ones until the service restarts. */
  readonly needRestart: readonly string[];
}

/** When a new value takes effect: listening addresses and the settings that running servers depend on need a restart. */
type Effect = 'at once' | 'after a restart';
type Effects<Keys extends object> = { readonly [Key in keyof Keys]-?: Effect };

export const effects: Effects<Config> = {
  service: 'at once', // except the keys of serviceEffects
  hubs: 'at once',
  proxy: 'after a restart',
  accounts: 'after a restart',
  ports: 'after a restart',
  limits: 'at once',
  gpus: 'at once',
  slurm: 'after a restart',
  profiles: 'at once',
  admin_page: 'after a restart',
  port_links: 'after a restart',
  private_files: 'at once',
};

export const serviceEffects: Effects<Config['service']> = {
  listen: 'after a restart',
  state_dir: 'after a restart',
  metrics_listen: 'after a restart',
  audit: 'after a restart',
  log_bytes: 'at once',
  activity_interval: 'at once',
  stop_servers_on_exit: 'at once',
  log_level: 'at once',
};

export function createCurrentConfig(first: Config): CurrentConfig {
  let config = first;
  return {
    get: () => config,
    replace(next) {
      const service = keepFixed(config.service, next.service, serviceEffects);
      const merged = { ...keepFixed(config, next, effects), service };
      const needRestart = [
        ...differing(next, merged).filter((key) => effects[key] === 'after a restart'),
        ...differing(next.service, service).map((key) => `service.${key}`),
      ];
      // private_files is no key of the file: it follows from the others and from the directories of the machine
      const changed = differing(merged, config).filter((key) => key !== 'private_files');
      config = merged;
      return { changed, needRestart };
    },
  };
}

/** `next` with the values of `now` for keys that need a restart. */
function keepFixed<Keys extends object>(now: Keys, next: Keys, effect: Effects<Keys>): Keys {
  const fixed = keysOf(now).filter((key) => effect[key] === 'after a restart');
  return { ...next, ...Object.fromEntries(fixed.map((key) => [key, now[key]])) };
}

function differing<Keys extends object>(one: Keys, other: Keys): (keyof Keys & string)[] {
  return keysOf(one).filter((key) => !isDeepStrictEqual(one[key], other[key]));
}

function keysOf<Keys extends object>(keys: Keys): (keyof Keys & string)[] {
  return Object.keys(keys) as (keyof Keys & string)[];
}
