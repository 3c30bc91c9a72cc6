#!/usr/bin/env node
// The `portwrap-spawner` command: which command it is, and what comes of it. Each command is a file in commands/,
// imported when it is called, so that none pays for another. Not here: what they do.
import { PortwrapError, toPortwrapError } from '../config/errors.ts';
import { packageVersion } from '../config/system/package.ts';
import { type Command, type CommandName, commandNames, parseArguments } from './commands/arguments.ts';
import { help } from './commands/help.ts';

const loaders: Record<CommandName, () => Promise<{ run: Command }>> = {
  serve: () => import('./commands/serve.ts'),
  'check-config': () => import('./commands/check-config.ts'),
  doctor: () => import('./commands/doctor/doctor.ts'),
  reload: () => import('./commands/reload.ts'),
  ls: () => import('./commands/ls.ts'),
  show: () => import('./commands/show.ts'),
  logs: () => import('./commands/logs.ts'),
  stop: () => import('./commands/stop.ts'),
  smoke: () => import('./commands/smoke.ts'),
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // the reader has seen enough
});
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  const error = toPortwrapError(cause);
  process.stderr.write(`portwrap-spawner: ${error.message}\n  ${error.hint} (${error.code})\n`);
  if (error.code === 'INTERNAL') process.stderr.write(`${(cause as Error).stack}\n`);
  process.exitCode = error.exit;
}
process.stdout.write('', () => process.exit());

async function main(argv: string[]): Promise<number> {
  const input = parseArguments(argv);
  const print = (text: string) => void process.stdout.write(text);
  if (input.options.help) {
    print(help);
    return 0;
  }
  if (input.options.version) {
    print(`portwrap-spawner ${packageVersion()}\n`);
    return 0;
  }
  const name = commandNames.find((candidate) => candidate === input.command);
  if (name === undefined) {
    const what = input.command === undefined ? 'a command is required' : `unknown command "${input.command}"`;
    throw new PortwrapError('USAGE', what);
  }
  const { run } = await loaders[name]();
  return run({ ...input, environment: process.env, print });
}
