// The words of `portwrap connect PORT [SERVER]`: standard input and output to a port in a sandbox of one's own.
// Not here: doing it (portwrap/enter/run.ts).
import { PortwrapError } from '../../config/errors.ts';
import { type CliEnter, parseServer } from './enter.ts';

/** What follows `connect`. Throws USAGE. */
export function parseConnect(argv: readonly string[]): CliEnter {
  const [text = '', server, ...more] = argv;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535 || more.length > 0) {
    throw new PortwrapError(
      'USAGE',
      `connect takes a PORT from 1 to 65535 and at most a SERVER, not "${argv.join(' ')}"`,
    );
  }
  return { kind: 'enter', server: parseServer(server), purpose: { kind: 'connect', port } };
}
