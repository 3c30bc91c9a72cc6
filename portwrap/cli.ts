// The command line of `portwrap`, parsed and checked. Options before COMMAND are ours; from COMMAND on all
// is the command's. Not here: running it (foreground.ts).
import { isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';
import { PortwrapError } from '../config/errors.ts';

export interface CliRun {
  readonly kind: 'run';
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
  readonly user: string | undefined;
  readonly allowRoot: boolean;
  readonly command: readonly string[];
}

export type CliRequest = CliRun | { readonly kind: 'help' } | { readonly kind: 'version' };

export const help = `usage: portwrap [options] -p HOST_PORT -P GUEST_PORT COMMAND [ARGUMENT...]

Runs COMMAND in its own network namespace and routes one port of this host to it. Every other port that
COMMAND or its children open can be reached only from inside.

  -p, --host-port PORT     port on this host
  -P, --guest-port PORT    port that COMMAND listens on, on all addresses (0.0.0.0)
      --host-address IP    address of this host to listen on (default 127.0.0.1)
      --user NAME          when root: the account that runs COMMAND
      --allow-root         when root: run COMMAND as root
  -h, --help               show this help
  -V, --version            show the version

{guest-port} in an ARGUMENT is replaced by GUEST_PORT.

example: portwrap -p 9876 -P 8888 jupyter lab --port={guest-port} --ip=0.0.0.0 --no-browser

exit codes: that of COMMAND; 128+n when signal n ended it; 127 not found, 126 not executable; and our own:
2 usage, 72 a program is missing, 77 account refused, 98 host port taken, 125 the sandbox, its policy or
its forward failed.
`;

const options = {
  'host-port': { type: 'string', short: 'p' },
  'guest-port': { type: 'string', short: 'P' },
  'host-address': { type: 'string' },
  user: { type: 'string' },
  'allow-root': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

/** Throws USAGE, naming the option and its value. */
export function parseCli(argv: readonly string[]): CliRequest {
  const { own, command } = splitCommand(argv);
  const values = parseOwn(own);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const hostPort = parsePort('-p/--host-port', values['host-port']);
  const guestPort = parsePort('-P/--guest-port', values['guest-port']);
  if (command.length === 0) throw new PortwrapError('USAGE', 'a COMMAND is required after the options');
  return {
    kind: 'run',
    hostAddress: parseAddress(values['host-address'] ?? '127.0.0.1'),
    hostPort,
    guestPort,
    user: values.user,
    allowRoot: values['allow-root'] ?? false,
    command,
  };
}

/** The first word that is neither an option of ours nor its value begins the command. */
function splitCommand(argv: readonly string[]): { own: string[]; command: string[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional')
      return { own: argv.slice(0, token.index), command: argv.slice(token.index) };
    if (token.kind === 'option-terminator') {
      return { own: argv.slice(0, token.index), command: argv.slice(token.index + 1) };
    }
  }
  return { own: [...argv], command: [] };
}

function parseOwn(own: string[]) {
  try {
    return parseArgs({ args: own, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new PortwrapError('USAGE', (error as Error).message, { cause: error });
  }
}

/** The forwarder binds IPv4 addresses only, and knows no names. */
function parseAddress(value: string): string {
  if (isIPv4(value)) return value;
  throw new PortwrapError('USAGE', `--host-address must be an IPv4 address, not "${value}"`);
}

function parsePort(option: string, value: string | undefined): number {
  if (value === undefined) throw new PortwrapError('USAGE', `${option} is required`);
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65535) {
    throw new PortwrapError('USAGE', `${option} must be a port from 1 to 65535, not "${value}"`);
  }
  return port;
}
