// The help text of a program, or of one of its commands. Not here: its content (the program's table).
import {
  explanation,
  generalOptions,
  type Option,
  operandsOf,
  optionsOf,
  optionsOfCommand,
  type Program,
  type Subcommand,
} from './program.ts';

const width = 100;

export function helpText(program: Program): string {
  const { name, usage, description, commands = [], groups, sections } = program;
  const column = columnOf(optionsOf(program).map(optionRow));
  return [
    usage.map((form, at) => `${at === 0 ? 'usage: ' : '       '}${name} ${form}`).join('\n'),
    ...description.map((paragraph) => wrap(paragraph, width).join('\n')),
    ...(commands.length === 0 || program.runsCommand ? [] : [list('commands', commands.map(commandRow))]),
    ...groups.map(({ title, options }) => list(title, options.map(optionRow), column)),
    ...sections.map(({ title, rows }) => list(title, rows)),
    '',
  ]
    .join('\n\n')
    .replace(/\n\n$/, '\n');
}

/** The output of `PROGRAM COMMAND --help`. */
export function commandHelpText(program: Program, command: Subcommand): string {
  const special = optionsOfCommand(program, command);
  return [
    `usage: ${usageOf(program, command)}`,
    wrap(sentence(command.help), width).join('\n'),
    ...(special.length === 0 ? [] : [list(command.name, special.map(optionRow))]),
    `${list('every command', generalOptions(program).map(optionRow))}\n`,
  ].join('\n\n');
}

function usageOf({ name }: Program, command: Subcommand): string {
  const { operand, takesCommand, ...plain } = command;
  const before = operandsOf(operand === undefined ? plain : { ...plain, operand });
  const after = operandsOf(takesCommand ? { ...plain, takesCommand } : plain);
  return [name, command.name, before, '[options]', after].filter(Boolean).join(' ');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

type Row = readonly [term: string, meaning: string];

function commandRow(command: Subcommand): Row {
  return [`${command.name} ${operandsOf(command)}`.trimEnd(), command.help];
}

function optionRow(option: Option): Row {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return [
    `${short}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`,
    explanation(option),
  ];
}

/** Two columns; a term that is too long for its column gets its own line. */
function list(title: string, rows: readonly Row[], column = columnOf(rows)): string {
  const lines = rows.map(([term, meaning]) => {
    const left = `  ${term}`;
    if (meaning === '') return left;
    const first = left.length < column - 1 ? left.padEnd(column) : `${left}\n${' '.repeat(column)}`;
    return first + wrap(meaning, width - column).join(`\n${' '.repeat(column)}`);
  });
  return [title, ...lines].join('\n');
}

function columnOf(rows: readonly Row[]): number {
  return Math.min(28, Math.max(...rows.map(([term]) => term.length)) + 4);
}

function wrap(text: string, most: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length + 1 > most) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
