// Finds the JupyterHub that systemd runs, from the units and their processes. A process without a unit is never
// believed: any user can start one that is called jupyterhub, and setup would run its Python.
// Not here: what the hub's configuration says (hub-settings.ts).
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { PortwrapError } from '../../../../config/errors.ts';
import { findAccount, runTool, type Toolbox } from '../../../../portwrap/index.ts';
import type { Choices } from './choices.ts';
import type { HubProcess } from './facts.ts';

/** Null: there is none. Throws SETUP_REFUSED if there are several. */
export async function findHub(tools: Toolbox, choices: Choices): Promise<HubProcess | null> {
  if (choices.hubPython !== undefined) return namedHub(choices.hubPython, choices.hubConfig);
  const shown = await runTool(tools('systemctl'), ['show', ...properties, 'jupyterhub.service', '*.service']);
  const hubs = await Promise.all(unitsOf(shown.output).map((unit) => hubOf(tools, unit)));
  const found = new Map(hubs.filter((hub) => hub !== null).map((hub) => [hub.unit, hub]));
  const [hub = null, ...others] = found.values();
  if (others.length === 0) return hub;
  throw new PortwrapError(
    'SETUP_REFUSED',
    `several units run a JupyterHub: ${[...found.keys()].join(', ')}`,
    {
      hint: 'Name the right one with --hub-python and --hub-config, and restart it yourself afterwards.',
    },
  );
}

const properties = [
  ...['--property=Id', '--property=ExecStart', '--property=MainPID', '--property=LoadState'],
  ...['--property=WorkingDirectory', '--property=Environment', '--property=User'],
];

type Unit = Readonly<Record<string, string>>;

function unitsOf(output: string): Unit[] {
  return output.split('\n\n').map((block) => Object.fromEntries(block.split('\n').map(splitAtEquals)));
}

function splitAtEquals(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

async function hubOf(tools: Toolbox, unit: Unit): Promise<HubProcess | null> {
  const { Id = '', MainPID = '0', ExecStart = '', WorkingDirectory = '/', Environment = '' } = unit;
  const declared = /argv\[\]=(.*?) ;/.exec(ExecStart)?.[1]?.split(' ') ?? [];
  const running = MainPID === '0' ? null : processOf(MainPID);
  const command = parseHubCommand(running?.argv ?? declared);
  if (command === null) return null;
  const owner = running === null ? await ownerOf(tools, unit.User ?? '') : statSync(`/proc/${MainPID}`);
  return {
    ...command,
    kind: kindOf(command),
    unit: Id,
    directory: running?.directory ?? (WorkingDirectory.replace(/^[!-]/, '') || '/'),
    environment: running?.environment ?? variablesOf(Environment.split(' ')),
    uid: owner.uid,
    gid: owner.gid,
  };
}

/** The Python and the arguments of JupyterHub in a command line; null: it runs something else. */
export function parseHubCommand(
  argv: readonly string[],
  readShebang = shebangOf,
): { python: string; arguments: string[] } | null {
  const [program = '', ...rest] = argv;
  if (basename(program) === 'jupyterhub') {
    const python = readShebang(program);
    return python === null ? null : { python, arguments: rest };
  }
  if (!/^python[\d.]*$/.test(basename(program)) || !program.startsWith('/')) return null;
  let at = 0;
  for (; /^-[^m]/.test(rest[at] ?? ''); at += 1) if (/^-[WX]$/.test(rest[at] ?? '')) at += 1;
  const isModule = rest[at] === '-m';
  const name = rest[isModule ? at + 1 : at] ?? '';
  const isHub = isModule ? /^jupyterhub(?:\.app)?$/.test(name) : basename(name) === 'jupyterhub';
  return isHub ? { python: program, arguments: rest.slice(isModule ? at + 2 : at + 1) } : null;
}

/** The Python in the first line of a script; null: it names none, or cannot be read. */
export function shebangOf(program: string): string | null {
  try {
    return /^#!\s*(\/\S*python[\d.]*)\s*\n/.exec(readFileSync(program, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}

function processOf(pid: string) {
  try {
    const parts = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1);
    const directory = readlinkSync(`/proc/${pid}/cwd`);
    return { argv: parts('cmdline'), directory, environment: variablesOf(parts('environ')) };
  } catch {
    return null; // it has just ended
  }
}

function variablesOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.filter((line) => line.includes('=')).map(splitAtEquals));
}

function kindOf({
  python,
  arguments: args,
}: {
  python: string;
  arguments: readonly string[];
}): HubProcess['kind'] {
  if (python.startsWith('/opt/tljh/hub/')) return 'tljh';
  if (python.startsWith('/opt/portwrap-spawner/hub/')) return 'ours';
  return /^\/usr\/bin\/python3?/.test(python) && args.some((arg) => arg.startsWith('/etc/jupyterhub/'))
    ? 'debian'
    : 'other';
}

/** The account of a unit that does not run. */
async function ownerOf(tools: Toolbox, user: string): Promise<{ uid: number; gid: number }> {
  if (user === '') return { uid: 0, gid: 0 };
  const account = await findAccount(tools, user);
  if (account !== null) return account;
  throw new PortwrapError('SETUP_REFUSED', `the hub's unit names the account ${user}, which does not exist`);
}

function namedHub(python: string, config: string | undefined): HubProcess {
  const isThere = statSync(python, { throwIfNoEntry: false });
  if (isThere === undefined)
    throw new PortwrapError('SETUP_REFUSED', `--hub-python: ${python} does not exist`);
  const args = config === undefined ? [] : ['--config', config];
  const owner = config === undefined ? undefined : statSync(config, { throwIfNoEntry: false });
  return {
    ...{ kind: 'other', unit: null, python, arguments: args, directory: '/', environment: {} },
    ...{ uid: owner?.uid ?? 0, gid: owner?.gid ?? 0 },
  };
}
