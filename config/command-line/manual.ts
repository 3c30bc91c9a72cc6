// The manual page of a program, section 1, as roff(7). Written to docs/ by scripts/manual.mjs.
// Not here: its content (the program's table).
import { explanation, type Option, operandsOf, type Program } from './program.ts';

export function manualPage(program: Program, version: string): string {
  const { name, summary, usage, description, commands = [], groups, sections } = program;
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User commands"`,
    '.SH NAME',
    roff(`${name} - ${summary}`),
    '.SH SYNOPSIS',
    usage.map((form) => `\\fB${roff(name)}\\fR ${styled(form)}`).join('\n.br\n'),
    '.SH DESCRIPTION',
    description.map(roff).join('\n.PP\n'),
    ...(commands.length === 0 || program.runsCommand ? [] : ['.SH COMMANDS']),
    ...(program.runsCommand
      ? []
      : commands.flatMap((command) => [
          '.TP',
          `\\fB${roff(command.name)}\\fR ${styled(operandsOf(command))}`.trimEnd(),
          roff(command.help),
        ])),
    '.SH OPTIONS',
    ...groups.flatMap(({ title, options }) => [`.SS ${title}`, ...options.flatMap(entry)]),
    ...sections.flatMap(({ title, rows }) => [
      `.SH ${title.toUpperCase()}`,
      ...(rows.every(([, meaning]) => meaning === '')
        ? ['.nf', ...rows.map(([term]) => roff(term)), '.fi']
        : rows.flatMap(([term, meaning]) => ['.TP', `.B ${roff(term)}`, roff(meaning)])),
    ]),
    '.SH SEE ALSO',
    others(name),
    '',
  ].join('\n');
}

function entry(option: Option): readonly string[] {
  const { name, short, value } = option;
  const term = `\\fB\\-\\-${roff(name)}\\fR${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}`;
  return ['.TP', `${short === undefined ? '' : `\\fB\\-${short}\\fR, `}${term}`, roff(explanation(option))];
}

/** Options in bold, placeholders of values in italics. */
function styled(usage: string): string {
  return roff(usage).replaceAll(/\b[A-Z][A-Z_]+\b|(?:\\-)+[a-z]\w*|\b[a-z]\w+\b(?!\])/g, (word) =>
    /[A-Z]/.test(word) ? `\\fI${word}\\fR` : `\\fB${word}\\fR`,
  );
}

function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}

function others(name: string): string {
  const programs = ['portwrap', 'portwrap-proxy', 'portwrap-spawner'].filter((other) => other !== name);
  const tools = name === 'portwrap' ? ['bwrap', 'slirp4netns', 'pasta'] : [];
  return [...programs, ...tools].map((other) => `\\fB${roff(other)}\\fR(1)`).join(', ');
}
