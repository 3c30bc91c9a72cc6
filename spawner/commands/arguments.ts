// What a command of `portwrap-spawner` gets from the command line. Not here: the table (program.ts).
import {
  type Given,
  type CommandName as NameOf,
  type Parsed,
  parseCommandLine,
} from '../../config/command-line/parse.ts';
import type { Environment } from '../../config/load.ts';
import { portwrapSpawner } from './program.ts';

export type CommandName = NameOf<typeof portwrapSpawner>;

export type Options = Given<typeof portwrapSpawner>;

export interface CommandInput {
  /** What follows the command: a server. */
  readonly operand: string | undefined;
  /** The command after "--"; only of commands that take one. */
  readonly words: readonly string[];
  readonly options: Options;
  readonly environment: Environment;
  readonly print: (text: string) => void;
}

/** Settles with the exit code. Throws PortwrapError. */
export type Command = (input: CommandInput) => Promise<number>;

/** Throws USAGE. */
export function parseArguments(argv: readonly string[]): Parsed<typeof portwrapSpawner> {
  return parseCommandLine(portwrapSpawner, argv);
}
