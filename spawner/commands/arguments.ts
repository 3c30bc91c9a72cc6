// The arguments of `portwrap-spawner`, parsed: which command, on what, with which options.
import { parseArgs } from 'node:util';
import { PortwrapError } from '../../config/errors.ts';
import type { Environment } from '../../config/load.ts';

export const commandNames = [
  'serve',
  'check-config',
  'doctor',
  'reload',
  'ls',
  'show',
  'logs',
  'stop',
  'smoke',
] as const;
export type CommandName = (typeof commandNames)[number];

export interface CommandInput {
  /** What follows the command. */
  readonly operands: readonly string[];
  readonly options: Options;
  readonly environment: Environment;
  readonly print: (text: string) => void;
}

/** Settles with the exit code. Throws PortwrapError. */
export type Command = (input: CommandInput) => Promise<number>;

export type Options = ReturnType<typeof parse>['values'];

export interface Arguments {
  readonly command: string | undefined;
  readonly operands: readonly string[];
  readonly options: Options;
}

/** Throws USAGE. */
export function parseArguments(argv: string[]): Arguments {
  const { values, positionals } = parse(argv);
  const [command, ...operands] = positionals;
  return { command, operands, options: values };
}

/** The only operand a command takes. Throws USAGE. */
export function oneOperand({ operands }: Pick<CommandInput, 'operands'>, what: string): string {
  const [first, ...others] = operands;
  if (first === undefined) throw new PortwrapError('USAGE', `${what} is required`);
  if (others.length > 0) throw new PortwrapError('USAGE', `unexpected argument "${others[0]}"`);
  return first;
}

/** Throws USAGE. */
export function noOperands({ operands }: Pick<CommandInput, 'operands'>): void {
  if (operands.length > 0) throw new PortwrapError('USAGE', `unexpected argument "${operands[0]}"`);
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c', default: '/etc/portwrap-spawner/config.yaml' },
        hub: { type: 'string' },
        user: { type: 'string' },
        profile: { type: 'string' },
        launcher: { type: 'string' },
        'public-url': { type: 'string' },
        'proxy-user': { type: 'string' },
        tail: { type: 'string', short: 'n', default: '100' },
        follow: { type: 'boolean', short: 'f', default: false },
        now: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', short: 'V', default: false },
      },
    });
  } catch (cause) {
    throw new PortwrapError('USAGE', (cause as Error).message, { cause });
  }
}
