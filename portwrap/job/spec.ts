// What `portwrap job` reads from standard input: one server to run in a batch job, and to whom to report.
// Not here: running it (run.ts), what is in one (protocol.ts).
import { PortwrapError } from '../../config/errors.ts';
import { type JobSpec, jobSpecVersion, type ProbeSpec } from './protocol.ts';

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
