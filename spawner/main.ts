#!/usr/bin/env -S node --inspect-port=192.0.2.1:0
// The `portwrap-spawner` command: selects and runs a command. Each command is a file in commands/, imported only when
// it is called. Not here: the commands.
import '../config/system/no-debugger.ts';
import { PortwrapError, toPortwrapError } from '../config/errors.ts';
import { packageVersion } from '../config/system/package.ts';
import { type Command, type CommandName, parseArguments } from './commands/arguments.ts';
import { portwrapSpawner } from './commands/program.ts';

const loaders: Record<CommandName, () => Promise<{ run: Command }>> = {
  serve: () => import('./commands/serve.ts'),
  'check-config': () => import('./commands/check-config.ts'),
  doctor: () => import('./commands/doctor/doctor.ts'),
  setup: () => import('./commands/setup/setup.ts'),
  reload: () => import('./commands/reload.ts'),
  ls: () => import('./commands/ls.ts'),
  show: () => import('./commands/show.ts'),
  logs: () => import('./commands/logs.ts'),
  stop: () => import('./commands/stop/stop.ts'),
  maintenance: () => import('./commands/maintenance.ts'),
  enter: () => import('./commands/enter.ts'),
  migrate: () => import('./commands/migrate/migrate.ts'),
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

async function main(argv: readonly string[]): Promise<number> {
  const print = (text: string) => void process.stdout.write(text);
  const parsed = parseArguments(argv);
  switch (parsed.kind) {
    case 'help': {
      const { commandHelpText, helpText } = await import('../config/command-line/help.ts');
      const { command } = parsed;
      print(command === undefined ? helpText(portwrapSpawner) : commandHelpText(portwrapSpawner, command));
      return 0;
    }
    case 'completion': {
      const { completionScript } = await import('../config/command-line/completion.ts');
      print(completionScript(portwrapSpawner, parsed.shell));
      return 0;
    }
    case 'version':
      print(`portwrap-spawner ${packageVersion()}\n`);
      return 0;
    case 'run': {
      const { command, operand, words, given: options } = parsed;
      if (command === undefined) throw new PortwrapError('USAGE', 'a command is required');
      const { run } = await loaders[command]();
      return run({ operand, words, options, environment: process.env, print });
    }
  }
}
