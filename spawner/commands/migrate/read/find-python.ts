// Which Python loads a hub's configuration, and with what: that of --hub-python, of the hub that systemd runs (as setup
// finds it), or the one in PATH. Not here: running it (hub-file.ts).
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PortwrapError } from '../../../../config/errors.ts';
import type { Environment } from '../../../../config/load.ts';
import type { Toolbox } from '../../../../portwrap/index.ts';
import type { HubProcess } from '../../setup/look/facts.ts';
import { findHub, shebangOf } from '../../setup/look/find-hub.ts';

export interface Python {
  readonly program: string;
  /** The arguments of JupyterHub. */
  readonly arguments: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The account of a hub that systemd runs; null: whoever calls. */
  readonly uid: number | null;
  readonly gid: number | null;
  readonly kind: HubProcess['kind'];
}

export interface PythonRequest {
  readonly tools: Toolbox;
  /** --hub-python. */
  readonly named: string | undefined;
  /** The absolute path of the configuration; undefined: that of the hub that systemd runs. */
  readonly file: string | undefined;
  readonly environment: Environment;
}

/** Throws MIGRATE_FAILED if there is none, SETUP_REFUSED if several hubs run. */
export async function findPython({ tools, named, file, environment }: PythonRequest): Promise<Python> {
  const hub = named === undefined ? await runningHub(tools, file) : null;
  if (hub !== null) {
    return {
      ...{ program: hub.python, directory: hub.directory, kind: hub.kind, uid: hub.uid, gid: hub.gid },
      // with a file that was named, the account of the caller
      ...(file === undefined ? {} : { uid: null, gid: null }),
      arguments: file === undefined ? hub.arguments : ['--config', file],
      environment: { PATH: systemPath.join(':'), ...hub.environment },
    };
  }
  if (file === undefined) {
    throw new PortwrapError('MIGRATE_FAILED', 'no unit of systemd runs a JupyterHub here', {
      hint: 'Name the file: portwrap-spawner migrate /etc/jupyterhub/jupyterhub_config.py',
    });
  }
  const program = named ?? pythonOf(environment.PATH ?? systemPath.join(':'));
  return {
    ...{ program, arguments: ['--config', file], directory: process.cwd(), kind: 'other' },
    environment: Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    ...{ uid: null, gid: null },
  };
}

/** Where programs of the machine are. */
export const systemPath: readonly string[] = ['/usr/local/bin', '/usr/bin', '/bin'];
const noChoices = { config: '', proxy: undefined, withJupyterHub: false, printConfig: false } as const;

/** Null on a machine without systemd. Of several hubs one must be named, unless the file is. */
async function runningHub(tools: Toolbox, file: string | undefined): Promise<HubProcess | null> {
  try {
    return await findHub(tools, { ...noChoices, hubPython: undefined, hubConfig: undefined });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'TOOL_MISSING' || file !== undefined) return null;
    throw error;
  }
}

/** The Python of the command jupyterhub in PATH, or else python3. */
function pythonOf(path: string): string {
  const directories = path.split(delimiter).filter((one) => one.startsWith('/'));
  const find = (name: string) => directories.map((one) => join(one, name)).find((one) => existsSync(one));
  const command = find('jupyterhub');
  const shebang = command === undefined ? null : shebangOf(command);
  return shebang ?? find('python3') ?? '/usr/bin/python3';
}
