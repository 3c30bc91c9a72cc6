// The doctor: every probe in the order in which a launch would need it. Not here: the probes and their judging
// (one file per group), how it looks (render.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { ForwarderName } from '../network/forwarders.ts';
import { findAccount } from '../system/account.ts';
import type { Toolbox } from '../system/tools.ts';
import { checkCgroups } from './cgroups.ts';
import { type Check, failed, fixOf, type Patient } from './check.ts';
import { checkLaunch, checkPolicy, checkTun } from './network.ts';
import { checkProcesses, type FirstLook, lookFirst } from './processes.ts';
import { checkPrograms } from './programs.ts';
import { checkSandbox } from './sandbox.ts';

export interface DoctorRequest {
  readonly tools: Toolbox;
  readonly uid: number;
  /** When root: whom the probes run as. */
  readonly user?: string | undefined;
  readonly forwarder?: ForwarderName | undefined;
}

/** Throws USAGE or USER_REFUSED; whatever else is wrong is a finding. */
export async function runDoctor(request: DoctorRequest): Promise<Check[]> {
  const patient = await examine(request);
  let first: FirstLook | undefined;
  const look = await finding('processes', async () => {
    first = lookFirst();
    return [];
  });
  return [
    ...look,
    ...(await finding('programs', () => checkPrograms(patient))),
    ...(await finding('sandbox', () => checkSandbox(patient))),
    ...(await finding('tun device', async () => [await checkTun(patient)])),
    ...(await finding('network policy', () => checkPolicy(patient))),
    ...(await finding('launch', async () => [await checkLaunch(patient)])),
    ...(await finding('control groups', async () => [checkCgroups()])),
    ...(await finding('processes', async () => (first === undefined ? [] : checkProcesses(first)))),
  ];
}

/** 0, or 1 when something failed; warnings do not count. */
export function doctorExit(checks: readonly Check[]): number {
  return checks.some(({ status }) => status === 'failed') ? 1 : 0;
}

async function examine(request: DoctorRequest): Promise<Patient> {
  const asRoot = request.uid === 0;
  if (request.user !== undefined && !asRoot) throw new PortwrapError('USAGE', '--user needs root');
  const account = request.user === undefined ? null : await findAccount(request.tools, request.user);
  if (request.user !== undefined && account === null) {
    throw new PortwrapError('USER_REFUSED', `there is no account "${request.user}"`);
  }
  return {
    ...{ tools: request.tools, asRoot, account },
    forwarder: request.forwarder ?? 'slirp4netns',
  };
}

/** A probe that cannot even be made, for want of a program or by a defect of ours, is a finding like any other. */
async function finding(name: string, probe: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await probe();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return [failed(name, what, 'It could not be probed.', fixOf(error))];
  }
}
