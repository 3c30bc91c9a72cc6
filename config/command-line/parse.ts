// Parses a command line with commander according to its table. configurable-http-proxy uses commander too, so both
// proxies accept the same spellings. Not here: combinations of values (the programs).
import { Command, CommanderError, Option as CommanderOption } from 'commander';
import { PortwrapError } from '../errors.ts';
import {
  generalOptions,
  type Option,
  optionsOf,
  optionsOfCommand,
  type Program,
  type Shell,
  type Subcommand,
  shells,
  type ValueType,
} from './program.ts';

export type Parsed<P extends Program> =
  | { readonly kind: 'help'; readonly command: Subcommand | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'completion'; readonly shell: Shell }
  | {
      readonly kind: 'run';
      readonly command: CommandName<P> | undefined;
      readonly operand: string | undefined;
      /** What follows "--", of a command that takes a command of the system. */
      readonly words: readonly string[];
      readonly given: Given<P>;
    };

export type CommandName<P extends Program> = P extends {
  readonly commands: readonly { readonly name: infer N }[];
}
  ? N
  : never;

/** The values by option name. If not given, a switch is false and a repeatable option is empty. */
export type Given<P extends Program> = {
  readonly [O in P['groups'][number]['options'][number] as O['name']]: Held<O>;
};

type Held<O extends Option> = O extends { readonly value: string }
  ? O extends { readonly repeatable: true }
    ? readonly Value<O>[]
    : O extends { readonly default: string | number }
      ? Value<O>
      : Value<O> | undefined
  : boolean;

type Value<O extends Option> = O extends { readonly type: ValueType<infer T> }
  ? T
  : O extends { readonly values: readonly (infer V)[] }
    ? V
    : string;

/** Throws USAGE. */
export function parseCommandLine<const P extends Program>(program: P, argv: readonly string[]): Parsed<P> {
  const root = commandOf(program.name, generalOptions(program));
  root.version('', '-V, --version');
  const { own, words } = splitWords(program, argv);
  /** The command whose options are being parsed. */
  let current: Subcommand | undefined;
  let parsed: Command | undefined;
  for (const one of program.commands ?? []) {
    const command = commandOf(one.name, optionsOfCommand(program, one));
    const { operand } = one;
    if (operand !== undefined) command.argument(operand.startsWith('[') ? operand : `<${operand}>`);
    command.action(() => {
      parsed = command;
    });
    command.exitOverride((error) => {
      current = one;
      throw error;
    });
    root.addCommand(command);
  }
  try {
    root.parse(own, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { kind: 'help', command: current };
    if (error.code === 'commander.version') return { kind: 'version' };
    // without a command, commander shows the help
    if (error.code !== 'commander.help') throw usage(error);
  }
  const given = givenOptions(program, { ...root.opts(), ...parsed?.opts() });
  const shell = shells.find((one) => one === root.opts().completion);
  if (shell !== undefined) return { kind: 'completion', shell };
  return {
    kind: 'run',
    command: parsed?.name() as CommandName<P> | undefined,
    operand: parsed?.args[0],
    words,
    given,
  };
}

/** commander would drop "--", and take the options of the command for its own. */
function splitWords({ commands = [] }: Program, argv: readonly string[]): { own: string[]; words: string[] } {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const isTaken = commands.some(({ name, takesCommand }) => takesCommand && own.includes(name));
  return isTaken && end !== -1
    ? { own: [...own], words: argv.slice(end + 1) }
    : { own: [...argv], words: [] };
}

function commandOf(name: string, options: readonly Option[]): Command {
  const command = new Command(name)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .helpCommand(false)
    .helpOption('-h, --help');
  for (const option of options) if (!isBuiltIn(option)) command.addOption(commanderOption(option));
  return command;
}

/** Options that commander handles itself. */
function isBuiltIn({ name }: Option): boolean {
  return name === 'help' || name === 'version';
}

function commanderOption(option: Option): CommanderOption {
  const { name, short, value, repeatable, conflicts = [] } = option;
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
  const made = new CommanderOption(flags).conflicts(conflicts.map((other) => attributeOf(other)));
  if (option.default !== undefined) made.default(option.default);
  if (value === undefined) return made;
  return made.argParser((text: string, before: unknown) => {
    const read = readValue(option, text);
    return repeatable ? [...(Array.isArray(before) ? before : []), read] : read;
  });
}

function attributeOf(name: string): string {
  return new CommanderOption(`--${name}`).attributeName();
}

function readValue(option: Option, text: string): unknown {
  const { name, type, values } = option;
  const { parse, expected } = type ?? (typeof values === 'object' ? oneOf(values) : anyText);
  const value = parse(text);
  if (value !== undefined) return value;
  throw new PortwrapError('USAGE', `--${name} must be ${expected}, not ${JSON.stringify(text)}`);
}

const anyText: ValueType<string> = { parse: (text) => text, expected: 'a text' };

function oneOf(values: readonly string[]): ValueType<string> {
  const list = [values.slice(0, -1).join(', '), values.at(-1)].filter(Boolean).join(' or ');
  return { parse: (text) => values.find((value) => value === text), expected: list };
}

/** By the names of the table; commander uses camel case, without `no-`. */
function givenOptions<P extends Program>(program: P, held: Readonly<Record<string, unknown>>): Given<P> {
  const entries = optionsOf(program).map((option) => {
    const value = held[attributeOf(option.name)];
    if (option.value !== undefined) return [option.name, value ?? (option.repeatable ? [] : undefined)];
    return [option.name, option.name.startsWith('no-') ? value === false : value === true];
  });
  return Object.fromEntries(entries) as Given<P>;
}

function usage(error: CommanderError): PortwrapError {
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new PortwrapError('USAGE', message, { cause: error });
}
