// Checks the machine's prerequisites for servers, at an interval and on request. Logs changes.
// Not here: the checks, the HTTP response (http/).
import { type ErrorCode, toPortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { withDeadline } from '../../portwrap/index.ts';

export interface HealthReason {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** Whether no server can be started while this reason exists. */
  readonly endsStarts: boolean;
}

export interface HealthReport {
  /** degraded: a check fails, but servers can be started. failing: none can be started. */
  readonly status: 'ok' | 'degraded' | 'failing';
  readonly reasons: readonly HealthReason[];
}

export interface Health {
  /** Not older than a second. Never rejects, and settles even if a file system does not respond. */
  report(): Promise<HealthReport>;
  close(): void;
}

export interface Look {
  /** Resolves with the problems, or rejects. A rejection counts as a reason that `endsStarts`. */
  readonly look: () => Promise<readonly HealthReason[]>;
  /** The reason when it times out; absent: it cannot hang. */
  readonly late?: HealthReason;
}

export interface HealthInput {
  /** By the name of the checked thing. */
  readonly looks: Readonly<Record<string, Look>>;
  readonly log: Logger;
  /** Milliseconds between two periodic checks. */
  readonly interval?: number;
}

const defaultInterval = 10_000;
/** Milliseconds that a report stays valid. */
const freshFor = 1_000;
/** Milliseconds until a check counts as hung. */
const patience = 3_000;

export function watchHealth({ looks, log, interval = defaultInterval }: HealthInput): Health {
  const watched = Object.entries(looks).map(([name, look]) => createWatch(name, look, log));
  let last: { readonly time: number; readonly report: Promise<HealthReport> } | undefined;
  const report = () => {
    const now = performance.now();
    if (last === undefined || now - last.time > freshFor) {
      last = {
        time: now,
        report: Promise.all(watched.map((ask) => ask())).then((all) => reportOf(all.flat())),
      };
    }
    return last.report;
  };
  const timer = setInterval(() => void report(), interval).unref();
  void report();
  return { report, close: () => clearInterval(timer) };
}

function reportOf(reasons: readonly HealthReason[]): HealthReport {
  const failing = reasons.some(({ endsStarts }) => endsStarts);
  return { status: failing ? 'failing' : reasons.length > 0 ? 'degraded' : 'ok', reasons };
}

/** One check at a time: a check that hangs is not started again. */
function createWatch(
  name: string,
  { look, late }: Look,
  log: Logger,
): () => Promise<readonly HealthReason[]> {
  let running: Promise<readonly HealthReason[]> | undefined;
  let known: readonly HealthReason[] = [];
  const tell = (reasons: readonly HealthReason[]) => {
    const isKnown = ({ code, message }: HealthReason) =>
      known.some((reason) => reason.code === code && reason.message === message);
    for (const reason of reasons.filter((one) => !isKnown(one))) {
      const { code, message, hint, endsStarts } = reason;
      const entry = { of: name, code, reason: message, hint };
      if (endsStarts) log.error(entry, 'health check failed: no server can be started');
      else log.warn(entry, 'health check failed');
    }
    if (reasons.length === 0 && known.length > 0) log.info({ of: name }, 'health check passes again');
    known = reasons;
  };
  return async () => {
    running ??= look()
      .catch((error: unknown) => [reasonOf(error)])
      .finally(() => {
        running = undefined;
      });
    const isLate = () => new Error(`the ${name} did not answer`);
    const reasons = await withDeadline(running, patience, isLate).catch(() =>
      late === undefined ? [] : [late],
    );
    tell(reasons);
    return reasons;
  };
}

function reasonOf(error: unknown): HealthReason {
  const { code, message, hint } = toPortwrapError(error);
  return { code, message, hint, endsStarts: true };
}
