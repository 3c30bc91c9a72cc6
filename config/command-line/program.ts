// The command line of a program as data. Parsing, help, completions and the manual page are generated from it.
// Not here: the tables themselves (portwrap/cli, proxy/cli, spawner/commands).

export interface Program {
  readonly name: string;
  /** Its purpose in one line. */
  readonly summary: string;
  /** The text after the name, one line per form. */
  readonly usage: readonly string[];
  readonly description: readonly string[];
  readonly commands?: readonly Subcommand[];
  /** It runs a command of the system, given after the options with its own arguments. */
  readonly runsCommand?: true;
  readonly groups: readonly OptionGroup[];
  /** The sections after the options: environment, examples, exit codes. */
  readonly sections: readonly Section[];
}

export interface Subcommand {
  readonly name: string;
  /** Its operand; in brackets if optional. */
  readonly operand?: string;
  readonly help: string;
  /** It takes a command of the system, after "--". */
  readonly takesCommand?: true;
  /** Names of the options that only some commands take. */
  readonly options: readonly string[];
}

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly Option[];
}

export interface Option {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** The placeholder of its value in the help; absent: it takes no value. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly help: string;
  /** The possible values, for completion; the shell completes "path" and "user". */
  readonly values?: readonly string[] | 'path' | 'user';
  /** The type of the value; absent: one of `values` if it is a list, otherwise any text. */
  readonly type?: ValueType<unknown>;
  readonly default?: string | number;
  /** Names of options that cannot be given together with it. */
  readonly conflicts?: readonly string[];
}

export interface ValueType<T> {
  /** Undefined for invalid text. May throw a PortwrapError with more detail. */
  parse(text: string): T | undefined;
  /** The rule, for the message: "must be ...". */
  readonly expected: string;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [term: string, meaning: string])[];
}

export const shells = ['bash', 'fish', 'zsh'] as const;
export type Shell = (typeof shells)[number];

/** The options that every program has. */
export const commonOptions = [
  { name: 'help', short: 'h', help: 'show this help' },
  { name: 'version', short: 'V', help: 'show the version' },
  {
    name: 'completion',
    value: 'SHELL',
    values: shells,
    help: 'print a completion script for bash, fish or zsh',
  },
] as const satisfies readonly Option[];

export function optionsOf(program: Program): readonly Option[] {
  return program.groups.flatMap((group) => group.options);
}

/** The options that only `command` and some others take. */
export function optionsOfCommand(program: Program, command: Subcommand): readonly Option[] {
  return optionsOf(program).filter(({ name }) => command.options.includes(name));
}

/** The options that every command takes. */
export function generalOptions(program: Program): readonly Option[] {
  const special = new Set((program.commands ?? []).flatMap(({ options }) => options));
  return program.runsCommand
    ? optionsOf(program)
    : optionsOf(program).filter(({ name }) => !special.has(name));
}

/** Its operands as the help shows them; "" without any. */
export function operandsOf({ operand, takesCommand }: Subcommand): string {
  return [operand ?? [], takesCommand ? '[-- COMMAND [ARGUMENT...]]' : []].flat().join(' ');
}

/** `-p` and `--host-port`. */
export function spellings({ name, short }: Option): readonly string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

/** Its help, plus repetition and default from the table. */
export function explanation({ help, repeatable, default: byDefault }: Option): string {
  return [
    help,
    repeatable ? '; may be repeated' : '',
    byDefault === undefined ? '' : ` (default ${byDefault})`,
  ].join('');
}
