// The words of `portwrap enter [SERVER] [-- COMMAND]`: into a sandbox of one's own that runs.
// Not here: doing it (portwrap/enter/run.ts), connecting to a port in it (connect.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Purpose } from '../enter/program.ts';

export interface CliEnter {
  readonly kind: 'enter';
  readonly server: string | undefined;
  readonly purpose: Purpose;
}

/** What follows `enter`. Throws USAGE. */
export function parseEnter(argv: readonly string[]): CliEnter {
  const end = argv.indexOf('--');
  const [server, ...more] = end === -1 ? argv : argv.slice(0, end);
  const command = end === -1 ? [] : argv.slice(end + 1);
  if (end !== -1 && command.length === 0) throw usage('a COMMAND is required after "--"');
  const [first = ''] = more;
  if (first !== '') {
    throw usage(`enter takes one SERVER; put "--" before a command: portwrap enter -- ${argv.join(' ')}`);
  }
  return { kind: 'enter', server: parseServer(server), purpose: { kind: 'command', command } };
}

/** Throws USAGE. */
export function parseServer(text: string | undefined): string | undefined {
  if (text?.startsWith('-'))
    throw usage(`SERVER cannot be "${text}"; options of portwrap stand before COMMAND`);
  return text;
}

function usage(message: string): PortwrapError {
  return new PortwrapError('USAGE', message);
}
