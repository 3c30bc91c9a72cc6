// `portwrap-spawner check-config`: checks the configuration file. The error lists every problem.
import { loadConfig } from '../../config/load.ts';
import type { Command } from './arguments.ts';

export const run: Command = async (input) => {
  const { config: path } = input.options;
  loadConfig(path, input.environment);
  input.print(
    input.options.json ? `${JSON.stringify({ valid: true })}\n` : `${path} is a valid configuration\n`,
  );
  return 0;
};
