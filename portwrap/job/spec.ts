// Parses the job specification that `portwrap job` reads from standard input.
// Not here: running it (run.ts), its format (protocol.ts).
import { PortwrapError } from '../../config/errors.ts';
import { type JobSpec, jobSpecVersion, type ProbeSpec } from './protocol.ts';

/**
 * Throws USAGE. The service has validated the content; only the version may differ. A job that was submitted before the
 * service was upgraded may begin after it: its specification has version 2.
 */
export function parseJobSpec(text: string): JobSpec | ProbeSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong('it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || !('version' in value)) throw wrong('it has no version');
  if (value.version === 2 && 'forwarder' in value) {
    const { forwarder, ...same } = value;
    return { ...same, version: jobSpecVersion, network: { forwarder, uplink: null } } as unknown as JobSpec;
  }
  if (value.version !== jobSpecVersion) {
    throw wrong(`unsupported version ${JSON.stringify(value.version)} (expected ${jobSpecVersion})`);
  }
  return value as JobSpec | ProbeSpec;
}

function wrong(what: string, cause?: unknown): PortwrapError {
  return new PortwrapError('USAGE', `invalid job specification: ${what}`, {
    hint: 'Install the same version of portwrap-spawner on the nodes and beside the hub.',
    cause,
  });
}
