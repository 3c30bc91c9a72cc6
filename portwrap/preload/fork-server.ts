// A fork server: a process that has imported the modules of a command, and forks children that enter sandboxes. It is
// started detached and outlives the service. Started by root it has an account of nobody else, the capabilities to become
// a user, and no network.
// Not here: its program (preload/portwrap_preload/), asking it for a child (fork.ts), which ones there are (spawner/preload/).
import { chmodSync, chownSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { inProfile } from '../system/apparmor.ts';
import { runTool, startChild } from '../system/child.ts';
import { withDeadline } from '../system/deadline.ts';
import { ownUntil } from '../system/descriptor.ts';
import { closeStrayDescriptors } from '../system/inherited-descriptors.ts';
import {
  fifos,
  type Liveness,
  makeFifos,
  openReader,
  openWriter,
  watchLiveness,
} from '../system/liveness.ts';
import { identify, type ProcessIdentity } from '../system/process.ts';
import { createTeardown } from '../system/teardown.ts';
import type { Toolbox } from '../system/tools.ts';
import { forkServerProgram } from './program.ts';
import type { PythonScript } from './python-script.ts';
import { untrusted, untrustedBelow } from './trusted.ts';

export interface ForkServerRequest {
  readonly tools: Toolbox;
  /** Its directory, made by this; a unix socket lies in it. */
  readonly directory: string;
  readonly script: PythonScript;
  /** The names of modules, or "jupyter". */
  readonly modules: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Whether AppArmor restricts user namespaces: then launches are in a profile, and it is, too. */
  readonly restricted: boolean;
}

export interface StartedForkServer {
  readonly process: ProcessIdentity;
  /** The change times, in milliseconds, of the files and directories that it was made from. */
  readonly made: Readonly<Record<string, number>>;
  /** How many modules it has imported. */
  readonly modules: number;
  readonly life: Liveness;
}

/** The line that it writes when it is ready (preload/portwrap_preload/__main__.py). */
interface ForkServerReport {
  readonly problem?: string;
  /** Whether the problem is that a process of it has died: another time it may live. */
  readonly died?: boolean;
  readonly modules?: number;
  /** The directories that it has loaded modules from. */
  readonly files?: readonly string[];
}

/** It, or its process that imports first, was killed or crashed before it was ready. */
export class ForkServerDied extends Error {}

/** Milliseconds: a first import reads everything from the disk. */
const importDeadline = 180_000;

export function socketOf(directory: string): string {
  return join(directory, 'socket');
}

/** Starts one and waits until it has imported the modules. Rejects with an Error that says why it cannot be used. */
export async function startForkServer(request: ForkServerRequest): Promise<StartedForkServer> {
  const { tools, directory, script } = request;
  const owner = process.getuid?.() ?? 0;
  const files = [script.interpreter, script.argv[script.script] ?? '', forkServerProgram()];
  for (const path of files) refuse(untrusted(path, owner));
  const searched = await searchPath(request);
  refuse(await untrustedBelow(tools, powerless(tools), searched, owner));
  const before = changeTimes([...searched, ...files, pyvenv(script.interpreter)]);
  const undo = createTeardown();
  try {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { mode: 0o700 });
    undo.add('directory', () => rmSync(directory, { recursive: true, force: true }));
    chmodSync(directory, 0o700);
    if (owner === 0) chownSync(directory, nobody, nobody);
    const fifo = fifoOf(directory);
    rmSync(fifo, { force: true });
    await makeFifos(tools, [fifo]);
    const own = ownUntil(undo);
    const reader = own(openReader(fifo));
    const alive = own(openWriter(fifo));
    // after the writer is open, else it would be at its end
    const life = watchLiveness(openReader(fifo));
    undo.add('liveness', () => life.close());
    reader.close();
    const log = own(openSync(`${directory}.log`, 'w', 0o600));
    const [program = '', ...argv] = forkServerArgv(request, owner);
    closeStrayDescriptors();
    const child = startChild(program, argv, {
      stdio: ['ignore', log.fd, log.fd, 'pipe', alive.fd],
      environment: { ...request.environment, ...markers },
      detached: true,
    });
    child.process.unref();
    for (const descriptor of [alive, log]) descriptor.close();
    if (child.process.pid === undefined) await child.exited;
    const identity = identify(child.process.pid ?? 0);
    undo.add('fork server', () => void child.process.kill('SIGKILL'));
    const line = await withDeadline(
      firstLine(child.process.stdio[3] as Readable),
      importDeadline,
      () => new Error(`its modules were not imported within ${importDeadline} ms`),
    );
    const { problem, died, files: loaded, modules } = JSON.parse(line ?? '{}') as ForkServerReport;
    if (problem !== undefined) throw died ? new ForkServerDied(problem) : new Error(problem);
    if (identity === null || loaded === undefined)
      throw new ForkServerDied(`the fork server has ended; its messages are in ${directory}.log`);
    undo.release();
    return { process: identity, made: { ...changeTimes(loaded), ...before }, modules: modules ?? 0, life };
  } catch (error) {
    return undo.fail(error);
  }
}

/** The life of one that another service has started; null: its files are gone. */
export function watchForkServer(directory: string): Liveness | null {
  try {
    return watchLiveness(openReader(fifoOf(directory)));
  } catch {
    return null;
  }
}

const fifoOf = (directory: string) => `${directory}.${fifos.life}`;

/** The argv; its program becomes the interpreter without another fork. */
export function forkServerArgv(request: ForkServerRequest, owner: number): string[] {
  const { tools, directory, script, modules, restricted } = request;
  const interpreter = [script.interpreter, ...script.argv.slice(1, script.script)];
  const settings = JSON.stringify({ modules, owner, restricted, parent: process.pid });
  const argv = [
    ...[tools('env'), `--chdir=${directory}`],
    ...(owner === 0 ? [tools('unshare'), '--net', '--ipc', '--', ...become(tools, forkPrivileges)] : []),
    ...[...interpreter, forkServerProgram(), settings],
  ];
  return inProfile(tools, argv, restricted);
}

/** Whether what it was made from has not changed since. */
export function isCurrent(made: StartedForkServer['made']): boolean {
  const now = changeTimes(Object.keys(made));
  return Object.entries(made).every(([path, time]) => now[path] === time);
}

/** Values that the fork server finds again and replaces: preload/portwrap_preload/environment.py has the same. */
const markers = {
  HOME: '/portwrap-preload-home',
  USER: 'portwrap-preload-user',
  LOGNAME: 'portwrap-preload-user',
  SHELL: '/portwrap-preload-shell',
};

/** The account without files, nobody of Debian. */
const nobody = 65_534;
/** To become a user; entering the namespaces of that user needs nothing more. */
const forkPrivileges = '-all,+setuid,+setgid';

function become(tools: Toolbox, capabilities: string): string[] {
  return [
    ...[tools('setpriv'), `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs'],
    ...['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=${capabilities}`),
    '--',
  ];
}

function powerless(tools: Toolbox): string[] {
  return process.getuid?.() === 0 ? become(tools, '-all') : [];
}

/** The directories from which its interpreter imports. */
async function searchPath({ tools, script, environment }: ForkServerRequest): Promise<string[]> {
  const ask = 'import os, sys; print("\\n".join(p for p in sys.path if os.path.isdir(p)))';
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const [program = '', ...argv] = [
    ...[...powerless(tools), tools('env'), '-i', ...variables],
    ...[script.interpreter, ...script.argv.slice(1, script.script), '-c', ask],
  ];
  const { code, output } = await runTool(program, argv);
  if (code !== 0) throw new Error(`${script.interpreter} cannot be run as another account: ${output}`);
  return output.split('\n').filter((path) => path.startsWith('/'));
}

const pyvenv = (interpreter: string) => join(dirname(dirname(interpreter)), 'pyvenv.cfg');

/** A path that does not exist has none. */
function changeTimes(paths: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    paths.map((path) => [path, statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0]),
  );
}

/** Null at an end of file without one. */
function firstLine(stream: Readable): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    stream.once('end', () => resolve(text.includes('\n') ? text : null));
    stream.once('error', () => resolve(null));
  });
}

function refuse(reason: string | null): void {
  if (reason !== null) throw new Error(reason);
}
