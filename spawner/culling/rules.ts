// Decides whether and when a server is stopped: by the rules of jupyterhub-idle-culler, and by Jupyter's own for busy
// kernels and open connections. Pure: every time is in seconds on the monotonic clock.
import type { ErrorCode } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';

export type CullingRules = Omit<Profile['culling'], 'named_servers'>;

/** The rules for the server of that name; "" is the default server. */
export function rulesFor({ named_servers: named, ...rules }: Profile['culling'], name: string): CullingRules {
  return name === '' || named === null ? rules : { ...rules, ...named };
}

export interface Facts {
  readonly now: number;
  readonly startedAt: number;
  /** The last activity; null: unknown, so it does not count as idle. */
  readonly activeAt: number | null;
  /** Whether a kernel is busy. */
  readonly busy: boolean;
  /** Whether a browser is connected to a kernel. */
  readonly connected: boolean;
  /** When the warning was issued; null: not yet. */
  readonly warnedAt: number | null;
}

export interface Verdict {
  readonly code: Extract<ErrorCode, 'IDLE_CULLED' | 'MAX_AGE_REACHED'>;
  /** The reason, as a sentence about the server: "stopped after 60 minutes without activity". */
  readonly reason: string;
  readonly warnedAt: number;
  readonly cullAt: number;
  readonly isDue: boolean;
}

/** Null until a warning is due. */
export function verdict(rules: CullingRules, facts: Facts): Verdict | null {
  const [first] = [byAge(rules, facts), byIdleness(rules, facts)]
    .filter((end) => end !== null)
    .sort((a, b) => a.at - b.at);
  if (first === undefined) return null;
  const { code, reason, at } = first;
  const warning = Math.min(rules.warning, first.limit / 2);
  if (facts.now < at - warning) return null;
  // the warning also precedes the stop after a downtime of the service or a change of its rules
  const warnedAt = facts.warnedAt ?? facts.now;
  const cullAt = Math.max(at, warnedAt + warning);
  return { code, reason, warnedAt, cullAt, isDue: facts.now >= cullAt };
}

interface End extends Pick<Verdict, 'code' | 'reason'> {
  readonly at: number;
  /** Seconds that the rule allows. */
  readonly limit: number;
}

function byAge({ max_age: limit }: CullingRules, { startedAt }: Facts): End | null {
  if (limit === null) return null;
  const reason = `stopped at its maximum age of ${inWords(limit)}`;
  return { code: 'MAX_AGE_REACHED', reason, at: startedAt + limit, limit };
}

function byIdleness(rules: CullingRules, { activeAt, busy, connected }: Facts): End | null {
  const { idle_timeout: limit } = rules;
  if (limit === null || activeAt === null) return null;
  if ((busy && !rules.cull_busy) || (connected && !rules.cull_connected)) return null;
  const reason = `stopped after ${inWords(limit)} without activity`;
  return { code: 'IDLE_CULLED', reason, at: activeAt + limit, limit };
}

/** In the largest unit that gives two or more: 3600 is "60 minutes". */
function inWords(seconds: number): string {
  if (seconds < 120) return count(seconds, 'second');
  if (seconds < 7200) return count(seconds / 60, 'minute');
  if (seconds < 172_800) return count(seconds / 3600, 'hour');
  return count(seconds / 86_400, 'day');
}

function count(amount: number, unit: string): string {
  const rounded = Math.round(amount * 10) / 10;
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}
