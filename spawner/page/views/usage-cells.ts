// Memory and CPU of a server beside their limits, with a plot of the last half hour. Not here: the numbers.
import { isAlive } from '../../records/server-state.ts';
import { type Html, html } from '../html.ts';
import { busyCpus, bytes, cpus } from './measures.ts';
import { type PlotSize, plot } from './plot.ts';
import type { ServerFacts } from './server-facts.ts';

export interface Quantity {
  readonly name: 'Memory' | 'CPU';
  /** Of now, in words; null when it is not known, or the server has ended. */
  readonly now: string | null;
  /** In words; null: there is none. */
  readonly limit: string | null;
  /** The highest of the last half hour, in words. */
  readonly peak: string | null;
  /** Nearly all that is allowed is used. */
  readonly isTight: boolean;
  plot(size: PlotSize): Html;
}

/** Milliseconds: a plot begins so wide, and grows up to what is kept. */
const leastSpan = 300_000;
/** A plot without a limit is not full of nothing: its top is at least this. */
const leastTop = { memory: 256 * 2 ** 20, cpus: 1 };

export function quantitiesOf({ record, samples, limits }: ServerFacts): readonly [Quantity, Quantity] {
  const uses = isAlive(record.state);
  const given = { samples, uses };
  return [
    quantity('Memory', 'memory', { used: bytes, allowed: bytes }, limits.memory, given),
    quantity('CPU', 'cpus', { used: busyCpus, allowed: cpus }, limits.cpus, given),
  ];
}

function quantity(
  name: Quantity['name'],
  key: 'memory' | 'cpus',
  words: Readonly<Record<'used' | 'allowed', (value: number) => string>>,
  limit: number | null,
  { samples, uses }: { samples: ServerFacts['samples']; uses: boolean },
): Quantity {
  const points = samples.flatMap((sample) =>
    sample[key] === null ? [] : [{ time: sample.time, value: sample[key] }],
  );
  const now = uses ? points.at(-1)?.value : undefined;
  const peak = points.length === 0 ? null : Math.max(...points.map(({ value }) => value));
  return {
    name,
    now: now === undefined ? null : words.used(now),
    limit: limit === null ? null : words.allowed(limit),
    peak: peak === null ? null : words.used(peak),
    isTight: limit !== null && now !== undefined && now > 0.9 * limit,
    plot: (size) => plot({ points, top: limit ?? leastTop[key], limit, size, span: leastSpan }),
  };
}

/** For a cell of the table. */
export function usageCell({ now, limit, isTight, plot: draw }: Quantity): Html {
  if (now === null) return html`<span class="none">–</span>`;
  return html`<span class="usage${isTight && ' tight'}"><span class="amount">${now}</span>${
    limit !== null && html` <span class="limit">of ${limit}</span>`
  }${draw('small')}</span>`;
}
