// One finding of the doctor, and the context of its probes. Not here: the probes, one file per group.
import { PortwrapError } from '../../config/errors.ts';
import type { NetworkChoice, Reach, UsedPrograms } from '../network/network.ts';
import type { Account } from '../system/account.ts';
import { becomeArgv } from '../system/account.ts';
import { inProfile } from '../system/apparmor.ts';
import { runTool, type ToolRun } from '../system/child.ts';
import type { Toolbox } from '../system/tools.ts';

export type CheckStatus = 'ok' | 'warning' | 'failed';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly what: string;
  /** Why it matters; empty when all is well. */
  readonly why: string;
  /** The exact command, or the exact change, that fixes it; empty when all is well. */
  readonly fix: string;
}

export interface DoctorContext {
  readonly tools: Toolbox;
  readonly asRoot: boolean;
  /** The account that the probes run as; null: the caller's. */
  readonly account: Account | null;
  /** As configured, and the programs that this means on this machine. */
  readonly choice: NetworkChoice;
  readonly network: UsedPrograms;
  /** What the sandboxes may reach. */
  readonly reach: Reach;
  /** The bound of temporary files on disk in bytes; null: they have none. */
  readonly temporarySize: number | null;
}

export function ok(name: string, what: string): Check {
  return { name, status: 'ok', what, why: '', fix: '' };
}

export function warning(name: string, what: string, why: string, fix: string): Check {
  return { name, status: 'warning', what, why, fix };
}

export function failed(name: string, what: string, why: string, fix: string): Check {
  return { name, status: 'failed', what, why, fix };
}

/** How to fix a failure: the command, if there is one. */
export function fixOf(error: unknown): string {
  return error instanceof PortwrapError ? (error.fix ?? error.hint) : 'See the checks above.';
}

/** Runs a program to its end as a launch runs it: as the account of the context, in our AppArmor profile. */
export function runAsAccount(context: DoctorContext, argv: readonly string[], input = ''): Promise<ToolRun> {
  const become = context.account === null ? [] : becomeArgv(context.tools('setpriv'), context.account);
  const [program = '', ...rest] = inProfile(context.tools, [...become, ...argv]);
  return runTool(program, rest, input);
}
