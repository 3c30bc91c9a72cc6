// Parses and checks the command line of `portwrap`. Options before COMMAND are ours; COMMAND and all words after it
// belong to the payload. Not here: running it (run.ts), the table of options (options.ts).
import { isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';
import { PortwrapError } from '../../config/errors.ts';
import { type Limits, noLimits } from '../cgroups/limits.ts';
import type { FileViewRequest } from '../launch/file-view.ts';
import { ordinaryFamilies, type SocketFamily, socketFamilies } from '../launch/system-call-filter.ts';
import { fitTogether, type NetworkChoice, type Reach } from '../network/network.ts';
import { isNetwork, type NetworkPolicy } from '../network/policy.ts';
import { leastOnDisk } from '../temporary/bounds.ts';
import { parseConnect } from './connect.ts';
import { type CliEnter, parseEnter } from './enter.ts';
import { type Choice, type ChoiceName, choices, doctorOptions, optionGroups } from './options.ts';

export interface CliRun {
  readonly kind: 'run';
  readonly hostAddress: string;
  /** 0: any free port. */
  readonly hostPort: number;
  readonly guestPort: number;
  readonly network: NetworkChoice;
  readonly policy: NetworkPolicy;
  readonly socketFamilies: readonly SocketFamily[];
  readonly files: Pick<
    FileViewRequest,
    'readOnly' | 'readWrite' | 'temporary' | 'temporaryIn' | 'temporarySize'
  > &
    Required<Pick<FileViewRequest, 'preset' | 'hide' | 'devices'>>;
  readonly limits: Limits;
  readonly user: string | undefined;
  readonly allowRoot: boolean;
  readonly wait: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly command: readonly string[];
}

export type CliRequest =
  | CliRun
  | CliEnter
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'job' }
  | { readonly kind: 'completion'; readonly shell: Choice<'completion'> }
  | {
      readonly kind: 'doctor';
      readonly user: string | undefined;
      readonly network: NetworkChoice;
      readonly reach: Reach;
      /** The bound of temporary files on disk; null: none. */
      readonly temporarySize: number | null;
      readonly json: boolean;
    };

/** Throws USAGE, naming the option and its value. */
export function parseCli(argv: readonly string[]): CliRequest {
  if (argv.length > mostWords) {
    throw new PortwrapError(
      'USAGE',
      `the command line has ${argv.length} words; at most ${mostWords} are possible`,
      {
        hint: 'Put them into a file, or start COMMAND by xargs inside.',
      },
    );
  }
  const { own, command } = splitCommand(argv);
  const options = parseOptions(own);
  if (options.has('help')) return { kind: 'help' };
  if (options.has('version')) return { kind: 'version' };
  const shell = options.choice('completion');
  if (shell !== undefined) return { kind: 'completion', shell };
  if (command[0] === 'doctor' && own.length === 0) return parseDoctor(command.slice(1));
  if (command[0] === 'enter' && own.length === 0) return parseEnter(command.slice(1));
  if (command[0] === 'connect' && own.length === 0) return parseConnect(command.slice(1));
  if (command[0] === 'job' && argv.length === 1) return { kind: 'job' };
  const hostPort = options.number('host-port', 0, 65_535);
  const guestPort = options.number('guest-port', 1, 65_535);
  if (hostPort === undefined) throw usage('-p/--host-port is required');
  if (guestPort === undefined) throw usage('-P/--guest-port is required');
  if (command.length === 0) throw usage('a COMMAND is required after the options');
  return {
    kind: 'run',
    hostAddress: parseAddress(options.value('host-address') ?? '127.0.0.1'),
    hostPort,
    guestPort,
    network: parseNetwork(options),
    policy: parseReach(options),
    socketFamilies: [...ordinaryFamilies, ...options.values('socket-family').map(parseFamily)],
    files: {
      preset: options.choice('view') ?? 'host',
      devices: options.choice('devices') ?? 'all',
      hide: options.paths('hide'),
      readOnly: options.paths('read-only'),
      readWrite: options.paths('read-write'),
      temporary: options.paths('temporary'),
      ...parseStorage(options.value('temporary-in') ?? 'disk', options.value('temporary-size')),
    },
    limits: {
      ...noLimits,
      memory: parseSize('memory', options.value('memory')),
      cpus: parseCpus(options.value('cpus')),
      processes: options.number('processes', 1, 4_194_304) ?? null,
      openFiles: options.number('open-files', 16, 1_048_576) ?? 1024,
    },
    user: options.value('user'),
    allowRoot: options.has('allow-root'),
    wait: options.has('wait'),
    verbose: options.has('verbose'),
    json: options.has('json'),
    command,
  };
}

/** bubblewrap accepts at most 9,000 arguments, including its own. */
const mostWords = 8_000;

function parseDoctor(argv: readonly string[]): CliRequest {
  const options = parseOptions(argv);
  const wrong = options.names.find((name) => !doctorOptions.includes(name));
  if (wrong !== undefined) {
    const known = doctorOptions.map((name) => `--${name}`);
    throw usage(`doctor takes ${known.slice(0, -1).join(', ')} and ${known.at(-1)}, not "--${wrong}"`);
  }
  return {
    ...{ kind: 'doctor', user: options.value('user'), network: parseNetwork(options) },
    ...{ reach: parseReach(options), json: options.has('json') },
    temporarySize: parseStorage('disk', options.value('temporary-size')).temporarySize,
  };
}

function parseReach(options: ReturnType<typeof parseOptions>): Reach {
  return {
    internet: parseInternet(options.value('internet') ?? 'yes'),
    dns: !options.has('no-dns'),
    hosts: options.values('allow-host').map(parseEndpoint),
  };
}

function parseNetwork(options: ReturnType<typeof parseOptions>): NetworkChoice {
  const forwarder = options.choice('forwarder') ?? null;
  const uplink = options.choice('uplink') ?? null;
  if (fitTogether({ forwarder, uplink })) return { forwarder, uplink };
  throw usage(`--forwarder ${forwarder} is its own uplink: leave --uplink ${uplink} out`);
}

const table = optionGroups.flatMap(({ options }) => options);
const parseTable = Object.fromEntries(
  table.map(({ name, short, value, repeatable }) => [
    name,
    {
      type: value === undefined ? ('boolean' as const) : ('string' as const),
      multiple: repeatable ?? false,
      ...(short === undefined ? {} : { short }),
    },
  ]),
);

/** The command begins at the first word that is neither one of our options nor the value of one. */
function splitCommand(argv: readonly string[]): { own: string[]; command: string[] } {
  const args = {
    args: [...argv],
    options: parseTable,
    strict: false,
    allowPositionals: true,
    tokens: true,
  } as const;
  for (const token of parseArgs(args).tokens) {
    if (token.kind === 'positional') {
      return { own: argv.slice(0, token.index), command: argv.slice(token.index) };
    }
    if (token.kind === 'option-terminator') {
      return { own: argv.slice(0, token.index), command: argv.slice(token.index + 1) };
    }
  }
  return { own: [...argv], command: [] };
}

/** The given options, by name; a wrong value is refused when the option is read. */
function parseOptions(argv: readonly string[]) {
  let given: Record<string, string | boolean | (string | boolean)[] | undefined>;
  try {
    given = parseArgs({ args: [...argv], options: parseTable, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new PortwrapError('USAGE', (error as Error).message, { cause: error });
  }
  const spelling = (name: string) => {
    const short = table.find((option) => option.name === name)?.short;
    return short === undefined ? `--${name}` : `-${short}/--${name}`;
  };
  const values = (name: string) => [given[name] ?? []].flat().map(String);
  const value = (name: string) => values(name)[0];
  return {
    names: Object.keys(given),
    has: (name: string) => given[name] === true,
    values,
    value,
    paths: (name: string) =>
      values(name).map((path) => {
        if (/^-?\/+[^/]/.test(path)) return path.replace(/\/+$/, '');
        throw usage(`${spelling(name)} must be an absolute path, and not "/"; it is "${path}"`);
      }),
    choice<Name extends ChoiceName>(name: Name): Choice<Name> | undefined {
      const text = value(name);
      const known: readonly Choice<Name>[] = choices[name];
      const found = known.find((choice) => choice === text);
      if (text === undefined || found !== undefined) return found;
      throw usage(`${spelling(name)} must be one of ${known.join(', ')}, not "${text}"`);
    },
    number(name: string, low: number, high: number): number | undefined {
      const text = value(name);
      if (text === undefined) return undefined;
      const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (number >= low && number <= high) return number;
      throw usage(`${spelling(name)} must be a number from ${low} to ${high}, not "${text}"`);
    },
  };
}

/** The forwarder binds only IPv4 addresses, and resolves no names. */
function parseAddress(value: string): string {
  if (isIPv4(value)) return value;
  throw usage(`--host-address must be an IPv4 address, not "${value}"`);
}

function parseFamily(value: string): SocketFamily {
  if (Object.hasOwn(socketFamilies, value)) return value as SocketFamily;
  throw usage(`--socket-family must be one of ${Object.keys(socketFamilies).join(', ')}, not "${value}"`);
}

function parseInternet(value: string): NetworkPolicy['internet'] {
  if (value === 'yes' || value === 'no') return value === 'yes';
  const networks = value.split(',').map((text) => (isIPv4(text) ? `${text}/32` : text));
  const wrong = networks.find((network) => !isNetwork(network));
  if (wrong === undefined) return { allow: networks, deny: [] };
  throw usage(`--internet must be yes, no, or networks such as 198.51.100.0/24, not "${wrong}"`);
}

function parseEndpoint(value: string): { address: string; port: number } {
  const [, address = '127.0.0.1', port = ''] = /^(?:([\d.]+):)?(\d{1,5})$/.exec(value) ?? [];
  if (address.startsWith('127.') && address !== '127.0.0.1')
    throw usage(`--allow-host ${value}: of the loopback addresses, COMMAND can reach 127.0.0.1 only`);
  if (isIPv4(address) && Number(port) >= 1 && Number(port) <= 65_535) return { address, port: Number(port) };
  throw usage(`--allow-host must be PORT or IP:PORT, not "${value}"`);
}

function parseStorage(place: string, size: string | undefined) {
  if (!['disk', 'memory'].includes(place) && !/^\/+[^/]/.test(place)) {
    throw usage(`--temporary-in must be disk, memory or an absolute path, not "${place}"`);
  }
  if (size !== undefined && !['disk', 'memory'].includes(place)) {
    throw usage(
      '--temporary-size is possible only with --temporary-in disk or memory; elsewhere, use quotas',
    );
  }
  const temporarySize = parseSize('temporary-size', size);
  if (place === 'disk' && temporarySize !== null && temporarySize < leastOnDisk) {
    throw usage(`--temporary-size must be at least ${leastOnDisk / 2 ** 20}M on disk, not "${size}"`);
  }
  return { temporaryIn: place.replace(/(?<=.)\/+$/, ''), temporarySize };
}

function parseSize(name: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/i.exec(value) ?? [];
  const bytes = Math.floor(Number(number) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit.toUpperCase()));
  if (number !== '' && bytes >= 1_048_576 && Number.isSafeInteger(bytes)) return bytes;
  throw usage(`--${name} must be a size of at least 1M, such as 512M or 2G, not "${value}"`);
}

function parseCpus(value: string | undefined): number | null {
  if (value === undefined) return null;
  const cpus = /^\d+(\.\d+)?$/.test(value) ? Number(value) : 0;
  if (cpus >= 0.01 && cpus <= 10_000) return cpus;
  throw usage(`--cpus must be a number from 0.01, such as 1.5, not "${value}"`);
}

function usage(message: string): PortwrapError {
  return new PortwrapError('USAGE', message);
}
