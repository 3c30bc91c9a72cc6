// The help text of `portwrap`. Not here: the options (options.ts).
import { exitCodes, type Option, optionGroups } from './options.ts';

const width = 100;
const column = 28;

export function helpText(): string {
  return `usage: portwrap [options] -p HOST_PORT -P GUEST_PORT COMMAND [ARGUMENT...]
       portwrap doctor [--user NAME] [--forwarder NAME] [--json]

Runs COMMAND in its own network namespace and routes one port of this host to it. Every other port that
COMMAND or its children open can be reached only from inside. Options stand before COMMAND; from COMMAND on
everything is COMMAND's. {guest-port} in an ARGUMENT is replaced by GUEST_PORT.

${optionGroups.map(({ title, options }) => `${title}\n${options.map(line).join('\n')}`).join('\n\n')}

examples
  portwrap -p 9876 -P 8888 jupyter lab --port={guest-port} --ip=0.0.0.0 --no-browser
  portwrap -p 0 -P 8000 --wait python3 -m http.server {guest-port}
  portwrap -p 8080 -P 80 --internet no --view strict --memory 1G ./server

exit codes
${exitCodes.map(([code, meaning]) => `  ${code.padEnd(16)}${meaning}`.trimEnd()).join('\n')}

portwrap doctor tells what this machine lacks, why it matters, and the command that mends it.
portwrap job is for portwrap-spawner: it runs one server in a batch job, as standard input says.
`;
}

function line(option: Option): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const left = `  ${short}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`;
  const text = option.repeatable ? `${option.help}; may be repeated` : option.help;
  const wrapped = wrap(text, width - column);
  const first = left.length < column - 1 ? left.padEnd(column) : `${left}\n${' '.repeat(column)}`;
  return first + wrapped.join(`\n${' '.repeat(column)}`);
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
