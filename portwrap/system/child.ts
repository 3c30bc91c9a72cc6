// Starts our child processes, by absolute path and with exactly the given environment and descriptors.
// node:child_process rather than execa: importing execa costs 90 ms, more than the whole launch
// (docs/decisions/0002-no-execa-in-portwrap.md). Not here: the payload's own processes, which are in a namespace (process.ts).
import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartedChild {
  readonly process: ChildProcess;
  /** Settles when the process has ended; rejects with TOOL_MISSING when it could not be started. */
  readonly exited: Promise<ChildExit>;
}

export interface ChildOptions {
  readonly stdio: StdioOptions;
  readonly environment?: Readonly<Record<string, string>>;
  readonly detached?: boolean;
}

/** Our helper programs need no environment but a locale that keeps their messages readable to us. */
const helperEnvironment = { LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

export function startChild(path: string, argv: readonly string[], options: ChildOptions): StartedChild {
  const process = spawnOrExplain(path, argv, {
    stdio: options.stdio,
    env: { ...(options.environment ?? helperEnvironment) },
    detached: options.detached ?? false,
    cwd: '/',
  });
  const exited = new Promise<ChildExit>((resolve, reject) => {
    process.once('error', (cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === 'ENOENT' || cause.code === 'EACCES';
      const code = isMissing ? 'TOOL_MISSING' : toPortwrapError(cause).code;
      reject(new PortwrapError(code, `could not run ${path}: ${cause.message}`, { cause }));
    });
    process.once('exit', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => {}); // callers that need the outcome await it; a start that is undone does not
  return { process, exited };
}

/** node:child_process throws only for wrong arguments; it reports all other errors as an event. */
function spawnOrExplain(path: string, argv: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(path, argv, options);
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'E2BIG' ? tooLong(cause as Error) : cause;
  }
}

function tooLong(cause: Error): PortwrapError {
  return new PortwrapError('USAGE', 'the command line is too long for the kernel', {
    hint: 'One argument may have 131,071 bytes, all together 2 MiB. Put them into a file.',
    cause,
  });
}

export interface ToolRun extends ChildExit {
  readonly output: string;
}

/** Runs a program to its end with `input` on standard input; `output` is stdout and stderr together. */
export async function runTool(path: string, argv: readonly string[], input = ''): Promise<ToolRun> {
  // in its own session, so that Ctrl-C reaches only us
  const child = startChild(path, argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const chunks: Buffer[] = [];
  const { stdin, stdout, stderr } = child.process;
  const closed = [stdout, stderr].map(
    (stream) =>
      new Promise<void>((resolve) => {
        if (stream === null) return resolve();
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.once('close', resolve);
      }),
  );
  stdin?.on('error', () => {}); // a program that ends without reading is judged by its exit code
  stdin?.end(input);
  const exit = await child.exited;
  await Promise.all(closed);
  return { ...exit, output: Buffer.concat(chunks).toString('utf8').trim() };
}
