// Explains a failed launch by its messages and the machine's settings, without running a probe.
// Not here: probing (doctor.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Check } from './check.ts';
import { evaluatePolicy, evaluateTun } from './network.ts';
import { evaluateBwrap, readSettings } from './sandbox.ts';

/** Null if nothing can be added to the error. Tests pass other `settings`. */
export function explainFailure(error: unknown, settings = readSettings()): Check | null {
  if (!(error instanceof PortwrapError)) return null;
  const text = [error.message, ...(error.log ?? []), causeOf(error)].join('\n');
  switch (error.code) {
    case 'SANDBOX_FAILED': {
      const said = text.split('\n').filter((line) => line.includes('bwrap:'));
      return said.length === 0 ? null : evaluateBwrap(said.join('\n'), settings);
    }
    case 'FORWARD_FAILED':
      return text.includes('/dev/net/tun') ? evaluateTun(text) : null;
    case 'POLICY_FAILED':
      return evaluatePolicy('here', text, true, settings.apparmorLabel);
    default:
      return null;
  }
}

function causeOf(error: PortwrapError): string {
  return error.cause instanceof Error ? error.cause.message : '';
}
