// What `portwrap job` reads from standard input: one server to run in a batch job, and to whom to report.
// Not here: running it (run.ts), the answers to it (report.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { FileViewRequest } from '../file-view.ts';
import type { ForwarderName } from '../forwarders.ts';
import type { NetworkPolicy } from '../policy.ts';
import type { NodeProbe } from './probe.ts';

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

export interface ReportTarget {
  /** Where the reports of this job go. */
  readonly url: string;
  readonly secret: string;
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
}

export const jobSpecVersion = 1;

/** A job that only looks at its node. */
export interface ProbeSpec {
  readonly version: typeof jobSpecVersion;
  readonly report: ReportTarget;
  readonly probe: NodeProbe;
}

/** Throws USAGE. The service that wrote it has checked what is in it; only the form may be another one. */
export function parseJobSpec(text: string): JobSpec | ProbeSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong('it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || !('version' in value)) throw wrong('it has no version');
  if (value.version !== jobSpecVersion) {
    throw wrong(`its version is ${JSON.stringify(value.version)}, and this portwrap reads ${jobSpecVersion}`);
  }
  return value as JobSpec | ProbeSpec;
}

function wrong(what: string, cause?: unknown): PortwrapError {
  return new PortwrapError('USAGE', `portwrap job reads what the service writes for a job: ${what}`, {
    hint: 'Install the same version of portwrap-spawner on the nodes and beside the hub.',
    cause,
  });
}
