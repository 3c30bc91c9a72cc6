// The launcher: what makes a server run somewhere, and finds it again after a restart of the service.
// Not here: the launchers there are (records/launcher-names.ts), the life of a server (servers/server.ts).
import type { PortwrapError } from '../../config/errors.ts';
import type { Hub, Profile } from '../../config/load.ts';
import type { NetworkEvent, SandboxExit } from '../../portwrap/index.ts';
import type { LauncherName } from '../records/launcher-names.ts';
import type { ProgressLog } from '../records/progress.ts';
import type { Placement, ServerRecord } from '../records/record.ts';
import type { StartRequest } from '../requests/start-request.ts';
import type { ChosenOptions } from '../requests/user-options.ts';

export type Launchers = Readonly<Record<LauncherName, Launcher>>;

export interface Launcher {
  /** Can it give its servers a certificate? */
  readonly givesCertificates: boolean;
  /**
   * Makes a server run. Throws PortwrapError or the reason of `abort`, and then nothing of it runs. Its output
   * goes to the log file of its record.
   */
  start(launch: LaunchRequest, abort: AbortSignal, steps: LaunchSteps): Promise<RunningServer>;
  /** Finds the server of a record again. Throws PortwrapError when its start was cut off; then nothing of it runs. */
  adopt(record: ServerRecord, abort: AbortSignal, steps: LaunchSteps): Promise<AdoptedServer>;
  /** Removes what is left of a server that has ended. */
  clean(record: ServerRecord): Promise<void>;
}

/** What is to run; the environment of `request` is complete. */
export interface LaunchRequest {
  readonly hub: Hub;
  readonly profile: Profile;
  readonly request: StartRequest;
  /** What the user has chosen of a Slurm job. */
  readonly jobFields: ChosenOptions['job'];
  readonly record: ServerRecord;
}

export interface LaunchSteps {
  readonly report: ProgressLog['add'];
  /** Writes down what it takes to find the server again, when that is known before it runs. */
  readonly keep: (place: Partial<Placement & Pick<ServerRecord, 'after_end'>>) => Promise<void>;
  /** Lets the next start begin. Without it, a start keeps its place in the queue until its server is ready or has ended. */
  readonly leaveQueue: () => void;
  /** Told when the forward of the server is lost, before anything is done about it, and when it is there again. */
  readonly networkChanged: (event: NetworkEvent) => Promise<void>;
}

/** What is asked for, and with which certificate the server shows that it is the one that answers. */
export type Expected = Pick<ServerRecord, 'ready_path' | 'certificate'>;

/** What became of the server of a record. */
export type AdoptedServer =
  | { readonly kind: 'running'; readonly server: RunningServer }
  | { readonly kind: 'gone'; readonly exit: SandboxExit };

/** A server that runs; its processes, its port and its files are its launcher's. */
export interface RunningServer {
  /** What its record keeps, so that it can be adopted. */
  readonly place: Placement;
  /** Where the proxy and the hub reach it. */
  readonly host: string;
  readonly port: number;
  /** Settles when nobody is to be sent to it any more; rejects with PortwrapError when something else ended it. */
  readonly exited: Promise<SandboxExit>;
  /** The cause, if learned after `exited` settled (set before stop() resolves); null: none. */
  readonly verdict: PortwrapError | null;
  /** Rejects with PortwrapError when it lives and nobody can reach it any more. Never resolves. */
  readonly lost: Promise<never>;
  /** Settles when it has answered as portwrap/sandbox/readiness.ts says. Rejects when aborted. */
  answered(expected: Expected, abort: AbortSignal): Promise<void>;
  /** Asks it to end; after `grace` milliseconds kills it. Settles when nothing of it is left. */
  stop(grace: number): Promise<SandboxExit>;
  /** Stops watching: it lives on, to be adopted. */
  leave(): void;
}
