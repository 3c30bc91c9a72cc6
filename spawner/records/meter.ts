// What is counted while servers live. Not here: how it is kept and shown (metrics/metrics.ts).
import type { ErrorCode } from '../../config/errors.ts';

/** The parts of a start, in their order. */
export const startPhases = ['queue', 'sandbox', 'answer', 'route'] as const;
export type StartPhase = (typeof startPhases)[number];

/** What is measured of a start: its parts, and from the request to "ready". */
export const phases = [...startPhases, 'total'] as const;
export type Phase = (typeof phases)[number];

/** Milliseconds of the parts of one start that are over; an adopted start has none. */
export type PhaseTimes = Readonly<Partial<Record<StartPhase, number>>>;

/** ended: by itself, without an error. stopped: on purpose, also during its start. failed: all others. */
export type EndOutcome = 'ended' | 'stopped' | 'failed';

export interface Meter {
  phase(name: Phase, milliseconds: number): void;
  /** A server ended; with a code unless it ended by itself. */
  ended(code: ErrorCode | null, outcome: EndOutcome): void;
  /** A restarted service found a server of an earlier one: alive, or gone. */
  adopted(outcome: 'alive' | 'gone'): void;
  /** A command of the cluster's scheduler was run. */
  schedulerCall(command: string): void;
}

/** Counts nothing. */
export const noMeter: Meter = { phase() {}, ended() {}, adopted() {}, schedulerCall() {} };
