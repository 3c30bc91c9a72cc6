// `portwrap-spawner serve`: the service, from its start to a signal.
import { setTimeout as pause } from 'node:timers/promises';
import { toPortwrapError } from '../../config/errors.ts';
import { loadConfig } from '../../config/load.ts';
import { createLogger } from '../../config/logger.ts';
import { packageVersion } from '../../config/system/package.ts';
import { type Service, serve } from '../service.ts';
import type { Command } from './arguments.ts';

export const run: Command = async (input) => {
  const readConfig = () => loadConfig(input.options.config, input.environment);
  const config = readConfig();
  const log = createLogger(config.service.log_level, 'portwrap-spawner');
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  const service = await unlessLate(serve({ config, readConfig, version: packageVersion(), log }), ended);
  if (service === null) {
    log.warn({ signal: await ended }, 'shutting down before the service has started');
    return 0;
  }
  process.on('SIGHUP', () => {
    service.reload().catch((cause: unknown) => {
      const { code, message } = toPortwrapError(cause);
      log.error(
        { code, problems: message.split('\n') },
        'the new configuration has errors; the old one stays in force',
      );
    });
  });
  log.info({ address: service.address }, 'ready');
  log.info({ signal: await ended }, 'shutting down');
  await service.close();
  return 0;
};

/** Milliseconds that a start may still take after a signal to end. */
const lastChance = 3_000;

/** Null: a signal came and the start did not finish in time. Nothing is lost: the service may be killed at any moment. */
async function unlessLate(starting: Promise<Service>, told: Promise<unknown>): Promise<Service | null> {
  const late = told.then(() => pause(lastChance, null));
  return Promise.race([starting, late]);
}
