#!/usr/bin/env node
// The `portwrap-spawner` command: argv, environment and signals in, exit code out.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PortwrapError, toPortwrapError } from '../config/errors.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger } from '../config/logger.ts';
import { serve } from './serve.ts';

const help = `usage: portwrap-spawner COMMAND [--config FILE]

  serve          run the service (until SIGINT or SIGTERM; servers live on)
  check-config   read the configuration, tell every problem it has, and end

  --config FILE  the configuration (default /etc/portwrap-spawner/config.yaml)
  -h, --help     show this help
  -V, --version  show the version
`;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (cause) {
  const error = toPortwrapError(cause);
  process.stderr.write(`portwrap-spawner: ${error.message}\n  ${error.hint} (${error.code})\n`);
  if (error.code === 'INTERNAL') process.stderr.write(`${(cause as Error).stack}\n`);
  process.exitCode = error.exit;
}
process.exit();

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help) return say(help);
  if (values.version) return say(`portwrap-spawner ${version()}\n`);
  const [command, ...rest] = positionals;
  if (rest.length > 0) throw new PortwrapError('USAGE', `unexpected argument "${rest[0]}"`);
  if (command !== 'serve' && command !== 'check-config') {
    throw new PortwrapError(
      'USAGE',
      command === undefined ? 'a command is required' : `unknown command "${command}"`,
    );
  }
  const config = loadConfig(values.config, process.env);
  if (command === 'check-config') return say(`${values.config} is a valid configuration\n`);
  const log = createLogger(config.service.log_level, 'portwrap-spawner');
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  const service = await serve({ config, version: version(), log });
  log.info({ address: service.address }, 'ready');
  log.info({ signal: await ended }, 'ending; servers live on');
  await service.close();
  return 0;
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        config: { type: 'string', default: '/etc/portwrap-spawner/config.yaml' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (cause) {
    throw new PortwrapError('USAGE', (cause as Error).message, { cause });
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function version(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
