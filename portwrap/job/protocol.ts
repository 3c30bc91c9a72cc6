// What goes over the wire between a service and a job on a node: the specification that a job is given, and the reports
// it sends back. Not here: reading a specification (spec.ts), running it (run.ts), sending reports (report.ts).
import type { Check } from '../doctor/index.ts';
import type { FileViewRequest } from '../launch/file-view.ts';
import type { SocketFamily } from '../launch/system-call-filter.ts';
import type { ForwarderName } from '../network/forwarders.ts';
import type { NetworkPolicy } from '../network/policy.ts';

export const jobSpecVersion = 2;

export interface JobSpec {
  /** Of this form; another one is refused, for it comes from another version of the service. */
  readonly version: typeof jobSpecVersion;
  readonly report: ReportTarget;
  readonly batch: BatchVariables;
  readonly hints: JobHints;
  readonly command: readonly string[];
  /** The payload's environment, to which what `batch` passes on is added. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly files: FileViewRequest;
  readonly policy: NetworkPolicy;
  readonly socketFamilies: readonly SocketFamily[];
  readonly openFiles: number;
  readonly forwarder: ForwarderName;
  /** The interface whose first IPv4 address the port is bound on; null: the one that faces the service. */
  readonly hostInterface: string | null;
  /** Host ports to try, both ends included. */
  readonly hostPorts: { readonly low: number; readonly high: number };
  readonly guestPort: number;
  /** The path whose answer means that the server is ready. */
  readonly readyPath: string;
  /** Milliseconds that the server has to end after SIGTERM. */
  readonly stopGrace: number;
}

/** A job that only looks at its node. */
export interface ProbeSpec {
  readonly version: typeof jobSpecVersion;
  readonly report: ReportTarget;
  readonly probe: NodeProbe;
}

/** By which variables of its environment a batch system tells a job about itself. */
export interface BatchVariables {
  /** The number of the job. */
  readonly job: string;
  /** How often it was begun again. */
  readonly restarts: string;
  /** The name of the node. */
  readonly node: string;
  /** What the payload is given too: names, or with "*" at the end all that begin so. */
  readonly passed: readonly string[];
  /** Of those, what it is not given. */
  readonly withheld: readonly string[];
}

/** What an administrator is told to do when the node is not as the specification expects. */
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
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
}

export interface NodeProbe {
  /** The variable of the job's environment that names the node. */
  readonly nodeVariable: string;
  readonly forwarder: ForwarderName;
  /** Where servers' jobs will report; null: at the doctor itself. */
  readonly serviceUrl: string | null;
}

export type Report =
  | {
      readonly event: 'started';
      /** The batch system's number of the job, and how often it was begun again. */
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
      /** Did somebody outside ask the job to end? */
      readonly asked: boolean;
    }
  | { readonly event: 'failed'; readonly code: string; readonly message: string; readonly hint: string };

export interface NodeFindings {
  readonly event: 'probed';
  readonly node: string;
  readonly checks: readonly Check[];
  /** The status with which the service answered; null: it was not reached, or not asked. */
  readonly service: number | null;
  /** Milliseconds since 1970, by the clock of the node. */
  readonly clock: number;
}
