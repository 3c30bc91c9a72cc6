// The output of a bench: a table for people and JSON for programs. Not here: measuring.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The value below which `percent` of the values lie (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Prints the table and writes bench/results/NAME.json with the machine it ran on. */
export function report(
  name: string,
  rows: readonly Record<string, string | number>[],
  facts: Readonly<Record<string, string | number>> = {},
): void {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  const headings = Object.keys(rows[0] ?? {});
  console.log(`| ${headings.join(' | ')} |\n|${headings.map(() => '---').join('|')}|`);
  for (const row of rows) console.log(`| ${headings.map((heading) => readable(row[heading])).join(' | ')} |`);
  for (const [fact, value] of Object.entries(facts)) console.log(`${fact}: ${readable(value)}`);
  console.log(`${machine.cores} cores, ${machine.cpu}, Node ${machine.node}`);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${name}.json`, `${JSON.stringify({ machine, rows, facts }, null, 2)}\n`);
}

function readable(value: string | number | undefined): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value ?? '');
}
