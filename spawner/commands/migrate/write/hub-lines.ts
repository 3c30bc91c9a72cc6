// The lines for jupyterhub_config.py after a migration. Pure. Not here: those of setup for every hub (config-text.ts).
import { parseConfig } from '../../../../config/load.ts';
import { hubLines as linesOfSetup } from '../../setup/plan/config-text.ts';
import type { Migration } from '../translate.ts';

/** `yaml`: the text of the configuration. */
export function hubLines(migration: Migration, yaml: string): string[] {
  const config = parseConfig(yaml, 'the configuration');
  const ready = Math.max(...config.profiles.map(({ ready_timeout }) => ready_timeout));
  // a job waits in the queue before: BatchSpawner itself has 300 seconds
  const least = config.profiles.some(({ launcher }) => launcher === 'slurm') ? 300 : 0;
  const startTimeout = Math.max(migration.startTimeout ?? 0, least, Math.ceil(ready) + 5);
  const hub = { settings: { startTimeout, userScopes: null } };
  const own = linesOfSetup({ config, hub, hasProxy: false, pluginDirectory: null }).split('\n');
  const moved = migration.told.flatMap(({ line }) => (line === undefined ? [] : [line]));
  return [
    ...own.filter((line) => line !== ''),
    ...new Set(moved.filter((line) => !/start_timeout/.test(line))),
  ];
}
