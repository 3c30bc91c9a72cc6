// The messages between a service and a job on a node: the specification of the job, and the reports that it sends.
// Not here: parsing a specification (spec.ts), running it (run.ts), sending reports (report.ts).
import type { Check } from '../doctor/index.ts';
import type { FileViewRequest } from '../launch/file-view.ts';
import type { SocketFamily } from '../launch/system-call-filter.ts';
import type { NetworkChoice, Reach } from '../network/network.ts';
import type { NetworkPolicy } from '../network/policy.ts';

export const jobSpecVersion = 3;

export interface JobSpec {
  /** The version of this format; a specification of another version is refused. */
  readonly version: typeof jobSpecVersion;
  readonly report: ReportTarget;
  readonly batch: BatchVariables;
  readonly hints: JobHints;
  readonly command: readonly string[];
  /** The payload's environment, without the variables that `batch` passes on. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** The payload's file mode mask; absent in specifications of an earlier service: the job's own. */
  readonly umask?: string;
  readonly files: FileViewRequest;
  readonly policy: NetworkPolicy;
  readonly socketFamilies: readonly SocketFamily[];
  readonly openFiles: number;
  readonly network: NetworkChoice;
  /** The interface whose first IPv4 address the port is bound on; null: the one that faces the service. */
  readonly hostInterface: string | null;
  /** Host ports to try, both ends included. */
  readonly hostPorts: { readonly low: number; readonly high: number };
  readonly guestPort: number;
  /** The path whose response means that the server is ready. */
  readonly readyPath: string;
  /** Milliseconds that the server has to end after SIGTERM. */
  readonly stopGrace: number;
}

/** A job that only checks its node. */
export interface ProbeSpec {
  readonly version: typeof jobSpecVersion;
  readonly report: ReportTarget;
  readonly probe: NodeProbe;
}

/** The names of the environment variables with which a batch system describes a job. */
export interface BatchVariables {
  /** The job id. */
  readonly job: string;
  /** The number of restarts. */
  readonly restarts: string;
  /** The name of the node. */
  readonly node: string;
  /** Variables for the payload; a name that ends with "*" is a prefix. */
  readonly passed: readonly string[];
  /** Exceptions from `passed`. */
  readonly withheld: readonly string[];
}

/** Hints for an administrator when the node does not match the specification. */
export interface JobHints {
  /** There is no such interface as `hostInterface`. */
  readonly hostInterface: string;
  /** There is no way to the service. */
  readonly reportUrl: string;
}

export interface ReportTarget {
  /** Where the reports of this job go. */
  readonly url: string;
  readonly secret: string;
  /** Milliseconds between two heartbeats. */
  readonly heartbeat: number;
}

export interface NodeProbe {
  /** The variable of the job's environment that names the node. */
  readonly nodeVariable: string;
  readonly network: NetworkChoice;
  /** What servers may reach; absent in a specification of an earlier version. */
  readonly reach?: Reach;
  /** The URL for the reports of servers' jobs; null: the doctor's own. */
  readonly serviceUrl: string | null;
}

export type Report =
  | {
      readonly event: 'started';
      /** The job id of the batch system, and the number of restarts. */
      readonly job: string;
      readonly restarts: number;
      readonly node: string;
      readonly host: string;
      readonly port: number;
      /** Pid 1 of the sandbox on the node, and its start time. */
      readonly pid: number;
      readonly start_time: number;
      /** Milliseconds since 1970, by the clock of the node. */
      readonly clock: number;
    }
  | { readonly event: 'ready' }
  | { readonly event: 'alive' }
  | { readonly event: 'log'; readonly text: string }
  | {
      readonly event: 'ended';
      readonly code: number | null;
      readonly signal: string | null;
      readonly out_of_memory: boolean;
      /** Whether the job was asked to end from outside. */
      readonly asked: boolean;
    }
  | { readonly event: 'failed'; readonly code: string; readonly message: string; readonly hint: string };

export interface NodeFindings {
  readonly event: 'probed';
  readonly node: string;
  readonly checks: readonly Check[];
  /** The status of the service's response; null: not reached, or not requested. */
  readonly service: number | null;
  /** Milliseconds since 1970, by the clock of the node. */
  readonly clock: number;
}
