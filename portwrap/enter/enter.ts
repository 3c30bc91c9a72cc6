// Enters a sandbox: starts portwrap-enter, lets the sandbox's control group have the new process before the command runs,
// passes signals on, and stops with the command when Ctrl-Z stops it.
// Not here: which sandbox (find.ts), what the program does (native/enter/).
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import { startChild } from '../system/child.ts';
import { closeStrayDescriptors } from '../system/inherited-descriptors.ts';
import { isTerminalForeground, type ProcessIdentity, type ProcessIds, readIds } from '../system/process.ts';
import { enterArgv, findEnterProgram, type Purpose } from './program.ts';

export interface EnterTarget {
  /** How people name it. */
  readonly label: string;
  /** Process 1 of the sandbox. */
  readonly child: ProcessIdentity;
  /** Its seccomp program. */
  readonly filter: Buffer;
  /** Puts a process of the sandbox into its control group. Throws LIMITS_UNAVAILABLE. */
  settle(pid: number): Promise<void>;
}

const passedOn = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends them to its whole foreground group, so portwrap-enter has them already. */
const fromKeyboard = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT']);

/**
 * Resolves with the exit code of the command, 128+n after signal n. Throws ENTER_FAILED, SANDBOX_UNKNOWN (it has ended),
 * PORT_CLOSED, LIMITS_UNAVAILABLE or TOOL_MISSING; then no command has run.
 */
export async function enterSandbox(
  target: EnterTarget,
  purpose: Purpose,
  caller: { readonly uid: number; readonly term: string | undefined },
): Promise<number> {
  closeStrayDescriptors();
  const ids = caller.uid === 0 ? accountOf(target) : null;
  const argv = enterArgv(target.child, purpose, ids, caller.term);
  const { process: child } = startChild(findEnterProgram(), argv, { stdio: [0, 1, 2, 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const [control, filter] = [3, 4].map((fd) => child.stdio[fd] as Duplex);
  for (const pipe of [control, filter]) pipe?.on('error', () => {}); // it has ended, which is reported
  filter?.end(target.filter);

  const pass = (signal: NodeJS.Signals) => {
    if (!(fromKeyboard.has(signal) && isTerminalForeground())) child.kill(signal);
  };
  const ignore = () => {};
  for (const signal of passedOn) process.on(signal, pass);
  process.on('SIGTSTP', ignore); // the command stops first
  let failure: unknown;
  const stop = () => {
    process.off('SIGTSTP', ignore);
    process.kill(0, 'SIGTSTP'); // returns when the job goes on
    process.on('SIGTSTP', ignore);
    child.kill('SIGCONT');
  };
  const settle = async (pid: number) => {
    try {
      await target.settle(pid);
      control?.write('go\n');
    } catch (error) {
      failure = error;
      control?.destroy();
    }
  };
  if (control !== undefined) {
    onLines(control, (line) => {
      const [, word = '', rest = ''] = /^(\w+) ?(.*)$/.exec(line) ?? [];
      if (word === 'inside') void settle(Number(rest));
      else if (word === 'stopped') stop();
      else if (word === 'ended') process.stderr.write(`portwrap: ${target.label} has ended\n`);
      else if (word === 'error') failure = failureOf(target, rest.slice(0, 1), rest.slice(2));
    });
  }
  try {
    const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
    if (failure !== undefined) throw failure;
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    for (const one of passedOn) process.off(one, pass);
    process.off('SIGTSTP', ignore);
  }
}

/** The account of the sandbox. Throws SANDBOX_UNKNOWN. */
function accountOf({ child, label }: EnterTarget): ProcessIds {
  const ids = readIds(child.pid);
  if (ids === null) throw new PortwrapError('SANDBOX_UNKNOWN', `${label} has ended`);
  return ids;
}

/** The letters are those of native/enter/fail.h. */
function failureOf({ label }: EnterTarget, kind: string, text: string): PortwrapError {
  if (kind === 'g') return new PortwrapError('SANDBOX_UNKNOWN', `${label}: ${text}`);
  if (kind === 'n') return new PortwrapError('PORT_CLOSED', `${label}: ${text}`);
  return new PortwrapError('ENTER_FAILED', `${label}: ${text}`);
}

function onLines(stream: Duplex, take: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}
