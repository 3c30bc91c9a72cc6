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
  readonly command: readonly string[];
  /** The payload's environment, to which Slurm's own variables are added. */
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

export interface ReportTarget {
  /** Where the reports of this job go. */
  readonly url: string;
  readonly secret: string;
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
}

export interface NodeProbe {
  readonly forwarder: ForwarderName;
  /** Where servers' jobs will report; null: at the doctor itself. */
  readonly serviceUrl: string | null;
}

export type Report =
  | {
      readonly event: 'started';
      /** Slurm's number of the job, and how often it was begun again. */
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
