// The configuration that is in force, and how another one takes its place without a restart. Not here: reading
// a file (config/load.ts).
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './load.ts';

export interface CurrentConfig {
  get(): Config;
  /** Takes over what may change while servers run; tells what did, and what waits for a restart. */
  replace(next: Config): Reload;
}

export interface Reload {
  /** Keys whose new values are in force. */
  readonly changed: readonly string[];
  /** Keys that have new values in the file, and keep their old ones until the service is restarted. */
  readonly needRestart: readonly string[];
}

/** Servers that run have been built on these, or they are bound. */
const fixedService = ['listen', 'metrics_listen', 'state_dir'] as const;
const fixed = ['accounts', 'ports', 'proxy', 'slurm', 'admin_page'] as const;

export function createCurrentConfig(first: Config): CurrentConfig {
  let config = first;
  return {
    get: () => config,
    replace(next) {
      const merged: Config = {
        ...next,
        accounts: config.accounts,
        ports: config.ports,
        proxy: config.proxy,
        slurm: config.slurm,
        admin_page: config.admin_page,
        service: {
          ...next.service,
          listen: config.service.listen,
          metrics_listen: config.service.metrics_listen,
          state_dir: config.service.state_dir,
        },
      };
      const needRestart = [
        ...fixed.filter((key) => !isDeepStrictEqual(next[key], config[key])),
        ...fixedService
          .filter((key) => !isDeepStrictEqual(next.service[key], config.service[key]))
          .map((key) => `service.${key}`),
      ];
      const changed = (Object.keys(merged) as (keyof Config)[]).filter(
        (key) => !isDeepStrictEqual(merged[key], config[key]),
      );
      config = merged;
      return { changed, needRestart };
    },
  };
}
