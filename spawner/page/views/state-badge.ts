// The state of a server in a word, with a colour that says no more than the word.
import { isDeliberate } from '../../../config/errors.ts';
import type { ServerRecord } from '../../records/record.ts';
import { type Html, html } from '../html.ts';

export function stateBadge(record: ServerRecord): Html {
  const [kind, word] = looks(record);
  return html`<span class="state state-${kind}">${word}</span>`;
}

/** Also what the list is sorted and summed up by. */
export function stateWord(record: ServerRecord): string {
  return looks(record)[1];
}

function looks(record: ServerRecord): readonly [kind: string, word: string] {
  if (record.state !== 'exited') return [record.state, record.state];
  return hasFailed(record) ? ['failed', 'failed'] : ['exited', 'ended'];
}

/** Ended by what nobody wanted: not by a stop, nor for being idle. */
export function hasFailed({ error, exit }: ServerRecord): boolean {
  if (error !== null) return !isDeliberate(error.code);
  return exit !== null && (exit.out_of_memory || exit.signal !== null || (exit.code ?? 0) !== 0);
}
