// Times and durations as an administrator writes them: "18:00", "2026-12-01 18:00", "30m". Not here: options that take them.
import type { ValueType } from '../../config/command-line/program.ts';

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds. */
export const duration: ValueType<number> = {
  parse(text) {
    const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    return amount === undefined ? undefined : Number(amount) * units[unit as keyof typeof units];
  },
  expected: 'a number of seconds, minutes, hours or days, such as 90s, 30m, 2h or 7d',
};

/** Milliseconds since the epoch; without a zone, of this machine's. */
export const moment: ValueType<number> = {
  parse: (text) => parseMoment(text, new Date()),
  expected:
    'a time such as 18:00 (the next time it is that), 2026-12-01T18:00, 2026-12-01T18:00Z, or +30m from now',
};

export function parseMoment(text: string, now: Date): number | undefined {
  if (text === 'now') return now.getTime();
  if (text.startsWith('+')) {
    const seconds = duration.parse(text.slice(1));
    return seconds === undefined ? undefined : now.getTime() + seconds * 1000;
  }
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours !== undefined) return nextTime(now, Number(hours), Number(minutes));
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?$/.test(text)) return undefined;
  const value = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(value) ? undefined : value;
}

function nextTime(now: Date, hours: number, minutes: number): number {
  const next = new Date(now);
  next.setHours(hours, minutes, 0, 0);
  if (next.getTime() <= now.getTime()) next.setDate(next.getDate() + 1);
  return next.getTime();
}
