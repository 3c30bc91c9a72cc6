// The finding that explains a failed launch, from what the failure says and the machine's settings; it starts
// nothing. Not here: probing (doctor.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Check } from './check.ts';
import { judgePolicy, judgeTun } from './network.ts';
import { judgeBwrap, readSettings } from './sandbox.ts';

/** Null when the failure says all there is to say. `settings` are this machine's but for tests. */
export function explainFailure(error: unknown, settings = readSettings()): Check | null {
  if (!(error instanceof PortwrapError)) return null;
  const text = [error.message, ...(error.log ?? []), causeOf(error)].join('\n');
  switch (error.code) {
    case 'SANDBOX_FAILED': {
      const said = text.split('\n').filter((line) => line.includes('bwrap:'));
      return said.length === 0 ? null : judgeBwrap(said.join('\n'), settings);
    }
    case 'FORWARD_FAILED':
      return text.includes('/dev/net/tun') ? judgeTun(text) : null;
    case 'POLICY_FAILED':
      return judgePolicy('here', text, true);
    default:
      return null;
  }
}

function causeOf(error: PortwrapError): string {
  return error.cause instanceof Error ? error.cause.message : '';
}
