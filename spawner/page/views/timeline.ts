// The parts of a start as a timeline: a bar to see at a glance, and a list with the durations in words.
// Not here: measuring them (servers/server.ts).
import { type PhaseTimes, type StartPhase, startPhases } from '../../records/meter.ts';
import { type Html, html } from '../html.ts';
import { quick } from './measures.ts';

export interface TimelineInput {
  readonly phases: PhaseTimes;
  /** Under way, over, or broken off in the part after the last one that is known. */
  readonly outcome: 'underway' | 'done' | 'broken';
  /** Milliseconds from its beginning until now, or until it was broken off. */
  readonly age: number;
}

const words: Readonly<Record<StartPhase, string>> = {
  queue: 'Waiting in the start queue',
  sandbox: 'Building the sandbox',
  answer: 'Starting the server until it responded',
  route: 'Registering the route',
};

const width = 600;

/** null when nothing is known: a start that an earlier service had begun. */
export function timeline({ phases, outcome, age }: TimelineInput): Html | null {
  const over = startPhases.flatMap((phase) => {
    const time = phases[phase];
    return time === undefined ? [] : [{ phase, time, isRunning: false }];
  });
  const spent = over.reduce((sum, { time }) => sum + time, 0);
  const next = outcome === 'done' ? undefined : startPhases[over.length];
  const running =
    next === undefined ? [] : [{ phase: next, time: Math.max(0, age - spent), isRunning: true }];
  const parts = [...over, ...running];
  const total = parts.reduce((sum, { time }) => sum + time, 0) || 1;
  if (over.length === 0 && outcome !== 'underway') return null;
  let x = 0;
  const bars = parts.map(({ phase, time }) => {
    const length = (time / total) * width;
    const bar = html`<rect class="phase-${phase}" x="${x.toFixed(1)}" y="0" width="${Math.max(1, length).toFixed(1)}" height="12"/>`;
    x += length;
    return bar;
  });
  return html`<svg class="timeline" viewBox="0 0 ${width} 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">${bars}</svg>
<ol class="phases">
${parts.map(
  ({ phase, time, isRunning }) =>
    html`<li><span class="key phase-${phase}" aria-hidden="true"></span><span>${words[phase]}</span> <span class="amount">${quick(time)}${isRunning && (outcome === 'broken' ? ', then it ended' : ' so far')}</span></li>`,
)}
<li class="total"><span class="key" aria-hidden="true"></span><span>${outcome === 'underway' ? 'Total so far' : 'Total'}</span> <span class="amount">${quick(total)}</span></li>
</ol>`;
}
