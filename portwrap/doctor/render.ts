// Renders the doctor's findings: a table for people, JSON for scripts. Not here: writing it (cli/run.ts).
import type { Check, CheckStatus } from './check.ts';

export interface RenderOptions {
  readonly json: boolean;
  /** Only for a terminal. */
  readonly color: boolean;
}

const marks: Readonly<Record<CheckStatus, { word: string; color: string }>> = {
  ok: { word: 'ok', color: '\x1b[32m' },
  warning: { word: 'warning', color: '\x1b[33m' },
  failed: { word: 'failed', color: '\x1b[31m' },
};

export function renderDoctor(checks: readonly Check[], options: RenderOptions): string {
  if (options.json) return `${JSON.stringify(checks, null, 2)}\n`;
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, what, why, fix }) => {
    const { word, color } = marks[status];
    const mark = options.color ? `${color}${word.padEnd(8)}\x1b[0m` : word.padEnd(8);
    const indent = ' '.repeat(width + 11);
    const more = status === 'ok' ? [] : [`${indent}${why}`, `${indent}fix: ${fix}`];
    return [`${name.padEnd(width)}  ${mark} ${what}`, ...more];
  });
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  return `${lines.join('\n')}\n\n${count('failed')} failed, ${count('warning')} warnings, ${count('ok')} ok\n`;
}
