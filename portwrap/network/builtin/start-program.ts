// Starts portwrap-forward and waits until it listens. Not here: its arguments (argv.ts), who needs it (builtin.ts,
// relay.ts).
import { type Duplex, Readable } from 'node:stream';
import { PortwrapError } from '../../../config/errors.ts';
import { type StartedChild, startChild } from '../../system/child.ts';
import { withDeadline } from '../../system/deadline.ts';
import { identify, type ProcessIdentity } from '../../system/process.ts';
import type { Teardown } from '../../system/teardown.ts';
import { descriptors, programInside } from './argv.ts';

export interface ProgramRequest {
  readonly argv: readonly string[];
  /** What it inherits; `program` is its own file. */
  readonly inherited: Inherited;
  /** A descriptor for its messages until it listens. */
  readonly log: number;
  /** What it has written there, for the reason of a failure. */
  readonly said: () => string;
}

export type Inherited = Readonly<
  Partial<Record<Exclude<keyof typeof descriptors, 'ready'>, number | 'pipe'>>
>;

export interface StartedProgram {
  readonly child: StartedChild;
  readonly identity: ProcessIdentity;
  /** Its first line: "PORT PID...". */
  readonly line: string;
}

/** Milliseconds until it must listen. */
const readyDeadline = 10_000;

/**
 * `undo` ends it. Resolves with its exit code when it ended with one of `refusals` before it listened. Throws
 * FORWARD_FAILED with its last message for every other failure.
 */
export async function startForwardProgram(
  request: ProgramRequest,
  undo: Teardown,
  refusals: readonly number[] = [],
): Promise<StartedProgram | number> {
  const child = startChild(programInside, request.argv, {
    stdio: stdioOf(request),
    detached: true, // its own session: Ctrl-C must not reach it
  });
  const { pid } = child.process;
  if (pid === undefined) await child.exited; // rejects: it could not be started
  const identity = pid === undefined ? null : identify(pid);
  undo.add('portwrap-forward', async () => {
    child.process.kill('SIGKILL');
    await child.exited; // then what it had bound is free
  });
  const inTime = <T>(work: Promise<T>): Promise<T> => withDeadline(work, readyDeadline, late);
  const ready: unknown = child.process.stdio[descriptors.ready];
  const line = ready instanceof Readable ? await inTime(readLine(ready)) : null;
  if (line !== null && identity !== null) return { child, identity, line };
  const { code } = await inTime(child.exited);
  if (code !== null && refusals.includes(code)) return code;
  const said = request.said().trim().split('\n').at(-1);
  throw new PortwrapError('FORWARD_FAILED', said || 'portwrap-forward ended without a message');
}

/** The end here of a pipe that it inherits. */
export function pipeTo({ child }: StartedProgram, name: keyof typeof descriptors): Duplex | null {
  const stdio: readonly unknown[] = child.process.stdio;
  return (stdio[descriptors[name]] ?? null) as Duplex | null;
}

function late(): PortwrapError {
  return new PortwrapError('FORWARD_FAILED', `portwrap-forward was not ready within ${readyDeadline} ms`);
}

/** All descriptors in their places. */
function stdioOf({ log, inherited }: ProgramRequest): (number | 'pipe' | 'ignore')[] {
  const stdio: (number | 'pipe' | 'ignore')[] = Array(Math.max(...Object.values(descriptors)) + 1).fill(
    'ignore',
  );
  stdio[2] = log;
  for (const [name, descriptor] of Object.entries({ ...inherited, ready: 'pipe' as const }))
    stdio[descriptors[name as keyof typeof descriptors]] = descriptor;
  return stdio;
}

/** The first line; null at an end of file without one. */
function readLine(stream: Readable): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      stream.destroy();
      resolve(text.slice(0, text.indexOf('\n')));
    });
    stream.once('end', () => resolve(null));
    stream.once('error', () => resolve(null));
  });
}
