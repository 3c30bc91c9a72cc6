// The doctor: runs every probe, in the order in which a launch needs its subject. Not here: the probes and their
// evaluation (one file per group), the output (render.ts).

import { PortwrapError } from '../../config/errors.ts';
import { errorText } from '../../config/system/error-text.ts';
import { type NetworkChoice, type Reach, usedPrograms } from '../network/network.ts';
import { findAccount } from '../system/account.ts';
import type { Toolbox } from '../system/tools.ts';
import { checkCgroups } from './cgroups.ts';
import { type Check, type DoctorContext, failed, fixOf } from './check.ts';
import { checkForwardProgram } from './forward-program.ts';
import { checkNames } from './names.ts';
import { checkLaunch, checkPolicy, checkTun } from './network.ts';
import { checkProcesses, collectInitialState, type InitialState } from './processes.ts';
import { checkPrograms } from './programs.ts';
import { checkSandbox } from './sandbox.ts';
import { checkTemporary } from './temporary.ts';

export interface DoctorRequest {
  readonly tools: Toolbox;
  readonly uid: number;
  /** As root: the account that the probes run as. */
  readonly user?: string | undefined;
  readonly network: NetworkChoice;
  /** What the sandboxes may reach: it says whether an uplink is examined. By default everything. */
  readonly reach?: Reach | undefined;
  /** The bytes to which temporary files on disk are to be bounded. By default that is not examined. */
  readonly temporarySize?: number | null | undefined;
}

const everything: Reach = { internet: true, dns: true, hosts: [] };

/** Throws USAGE or USER_REFUSED; any other problem is a finding. */
export async function runDoctor(request: DoctorRequest): Promise<Check[]> {
  const context = await createContext(request);
  let first: InitialState | undefined;
  const initial = await finding('processes', async () => {
    first = collectInitialState();
    return [];
  });
  return [
    ...initial,
    ...(await finding('programs', () => checkPrograms(context))),
    ...(await finding('portwrap-forward', () => checkForwardProgram(context))),
    ...(await finding('sandbox', () => checkSandbox(context))),
    ...(await finding('tun device', () => checkTun(context))),
    ...(await finding('network policy', () => checkPolicy(context))),
    ...(await finding('names', async () => checkNames(context))),
    ...(await finding('temporary files', async () => checkTemporary(context))),
    ...(await finding('launch', async () => [await checkLaunch(context)])),
    ...(await finding('control groups', async () => [checkCgroups()])),
    ...(await finding('processes', async () => (first === undefined ? [] : checkProcesses(first)))),
  ];
}

/** 1 if a check failed, else 0; warnings do not count. */
export function doctorExit(checks: readonly Check[]): number {
  return checks.some(({ status }) => status === 'failed') ? 1 : 0;
}

async function createContext(request: DoctorRequest): Promise<DoctorContext> {
  const asRoot = request.uid === 0;
  if (request.user !== undefined && !asRoot) throw new PortwrapError('USAGE', '--user needs root');
  const account = request.user === undefined ? null : await findAccount(request.tools, request.user);
  if (request.user !== undefined && account === null) {
    throw new PortwrapError('USER_REFUSED', `there is no account "${request.user}"`);
  }
  const reach = request.reach ?? everything;
  return {
    ...{ tools: request.tools, asRoot, account, reach },
    choice: request.network,
    network: usedPrograms(request.network, [reach]),
    temporarySize: request.temporarySize ?? null,
  };
}

/** A probe that cannot run, because a program is missing or because of a bug, is a finding too. */
async function finding(name: string, probe: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await probe();
  } catch (error) {
    const what = errorText(error);
    return [failed(name, what, 'This check could not be run.', fixOf(error))];
  }
}
