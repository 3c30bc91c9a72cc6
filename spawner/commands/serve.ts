// `portwrap-spawner serve`: the service, from its start to a signal.
import { toPortwrapError } from '../../config/errors.ts';
import { loadConfig } from '../../config/load.ts';
import { createLogger } from '../../config/logger.ts';
import { serve } from '../serve.ts';
import { type Command, noOperands } from './arguments.ts';
import { readVersion } from './version.ts';

export const run: Command = async (input) => {
  noOperands(input);
  const readConfig = () => loadConfig(input.options.config, input.environment);
  const config = readConfig();
  const log = createLogger(config.service.log_level, 'portwrap-spawner');
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  const service = await serve({ config, readConfig, version: readVersion(), log });
  process.on('SIGHUP', () => {
    service.reload().catch((cause: unknown) => {
      const { code, message } = toPortwrapError(cause);
      log.error({ code, problems: message.split('\n') }, 'the configuration is refused; the old one is kept');
    });
  });
  log.info({ address: service.address }, 'ready');
  log.info({ signal: await ended }, 'ending');
  await service.close();
  return 0;
};
