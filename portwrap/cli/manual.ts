// The manual page portwrap(1) as roff(7), made from the option table. Written to docs/portwrap.1 by
// scripts/manual.mjs. Not here: the options (options.ts).
import { exitCodes, type Option, optionGroups } from './options.ts';

export function manualPage(version: string): string {
  const text = (line: string) =>
    line
      .replaceAll('\\', '\\e')
      .replaceAll('-', '\\-')
      .replace(/^([.'])/, '\\&$1');
  const option = ({ name, short, value, help, repeatable }: Option) => [
    '.TP',
    `${short === undefined ? '' : `\\fB\\-${short}\\fR, `}\\fB\\-\\-${text(name)}\\fR${value === undefined ? '' : ` \\fI${text(value)}\\fR`}`,
    text(`${help}${repeatable ? '; may be repeated' : ''}`),
  ];
  return [
    `.TH PORTWRAP 1 "" "portwrap ${version}" "User commands"`,
    '.SH NAME',
    'portwrap \\- run a command in its own network, with one port leading to it',
    '.SH SYNOPSIS',
    '.B portwrap',
    '[\\fIoptions\\fR] \\fB\\-p\\fR \\fIHOST_PORT\\fR \\fB\\-P\\fR \\fIGUEST_PORT\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]',
    '.br',
    '.B portwrap doctor',
    '[\\fB\\-\\-user\\fR \\fINAME\\fR] [\\fB\\-\\-forwarder\\fR \\fINAME\\fR] [\\fB\\-\\-json\\fR]',
    '.SH DESCRIPTION',
    'Runs \\fICOMMAND\\fR in its own network, user and process namespaces and routes one port of this host to it.',
    'Every other port that \\fICOMMAND\\fR or its children open can be reached only from inside.',
    'Options stand before \\fICOMMAND\\fR; from there on everything is the command\\(aqs.',
    '\\fB{guest\\-port}\\fR in an \\fIARGUMENT\\fR is replaced by \\fIGUEST_PORT\\fR.',
    '.PP',
    '\\fBportwrap doctor\\fR tells what this machine lacks, why it matters, and the command that mends it.',
    '.SH OPTIONS',
    ...optionGroups.flatMap(({ title, options }) => [`.SS ${title}`, ...options.flatMap(option)]),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => [
      '.TP',
      `.B ${text(code)}`,
      text(meaning === '' ? 'in every other case' : meaning),
    ]),
    '.SH EXAMPLES',
    '.nf',
    ...[
      'portwrap -p 9876 -P 8888 jupyter lab --port={guest-port} --ip=0.0.0.0 --no-browser',
      'portwrap -p 0 -P 8000 --wait python3 -m http.server {guest-port}',
    ].map(text),
    '.fi',
    '.SH SEE ALSO',
    '\\fBbwrap\\fR(1), \\fBslirp4netns\\fR(1), \\fBpasta\\fR(1)',
    '',
  ].join('\n');
}
