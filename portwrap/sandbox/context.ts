// What a sandbox needs of its launcher as long as it runs. Not here: what a launch needs besides (launch/spec.ts).
import type { Network } from '../network/network.ts';
import type { Toolbox } from '../system/tools.ts';
import type { ProgramEvent } from './keep-program.ts';

/** The prerequisites for keeping a sandbox connected. */
export interface SandboxContext {
  readonly tools: Toolbox;
  readonly network: Network;
  /** Called when a program was lost, and when it was replaced or not. The returned promise is awaited. */
  readonly report?: (event: NetworkEvent) => void | Promise<void>;
}

export interface NetworkEvent extends ProgramEvent {
  readonly program: 'forwarder' | 'uplink';
}
