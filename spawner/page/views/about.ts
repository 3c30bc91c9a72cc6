// What one server is, as a list of terms: profile, times, what it is doing, where it runs. Not here: its usage
// (usage-cells.ts), its ports (server-page.ts).
import type { ActivityView } from '../../culling/activity.ts';
import { addressOf } from '../../records/record.ts';
import { type Html, html } from '../html.ts';
import { duration, moment } from './measures.ts';
import type { ServerFacts } from './server-facts.ts';

type Row = readonly [term: string, definition: Html | string];

/** The inside of a <dl>; `now` in milliseconds since the epoch. */
export function about(facts: ServerFacts, now: number): Html {
  const { record, activity } = facts;
  const rows = [
    profileRow(facts),
    ...choiceRows(facts),
    ['Started', ago(record.started, now)] satisfies Row,
    ...(record.exit === null ? [] : [['Ended', ago(record.exit.time, now)] satisfies Row]),
    ...activityRows(activity, now),
    ...placeRows(facts, now),
    ...(record.route_prefix === null
      ? []
      : [['Route', html`<bdi>${record.route_host}${record.route_prefix}</bdi>`] satisfies Row]),
    ['Spawn id', html`<code>${record.spawn_id}</code>`] satisfies Row,
  ];
  return html`${rows.map(([term, definition]) => html`<div><dt>${term}</dt><dd>${definition}</dd></div>`)}`;
}

function profileRow({ profileTitle, description }: ServerFacts): Row {
  return [
    'Profile',
    html`<bdi>${profileTitle}</bdi>${description !== '' && html` <span class="hint">${description}</span>`}`,
  ];
}

/** What its user has chosen, or got by default, where the profile has options. */
function choiceRows({ record: { settings } }: ServerFacts): Row[] {
  if (settings.length === 0) return [];
  const shown = settings.map(({ title, value }) => html`<li><bdi>${title}</bdi>: <bdi>${value}</bdi></li>`);
  return [['Choices', html`<ul class="choices">${shown}</ul>`]];
}

/** Returns no rows when the activity is unknown; not every server reports it. */
function activityRows({ last_activity, activity, cull_at, cull_reason }: ActivityView, now: number): Row[] {
  const rows: Row[] = [];
  if (last_activity !== null) rows.push(['Last activity', ago(last_activity, now)]);
  if (activity !== null) rows.push(['Doing', doing(activity)]);
  if (cull_at !== null) {
    rows.push(['To be stopped', html`${ahead(cull_at, now)} <span class="message">${cull_reason}</span>`]);
  }
  return rows;
}

function doing({ kernels, busy, terminals, connections }: NonNullable<ActivityView['activity']>): string {
  const counted = (count: number, one: string) =>
    count === 0 ? [] : [`${count} ${one}${count === 1 ? '' : 's'}`];
  const parts = [
    ...counted(kernels, 'kernel').map((words) => (busy > 0 ? `${words} (${busy} busy)` : words)),
    ...counted(terminals, 'terminal'),
    ...counted(connections, 'connection'),
  ];
  return parts.length === 0 ? 'no kernel, no terminal' : parts.join(', ');
}

function placeRows({ record }: ServerFacts, now: number): Row[] {
  const { sandbox, job } = record;
  const address = addressOf(record);
  const rows: Row[] = [];
  if (address !== null)
    rows.push(['Host port', html`<span class="amount">${address.host}:${address.port}</span>`]);
  if (sandbox !== null) rows.push(['Process', html`<span class="amount">${sandbox.child.pid}</span>`]);
  if (job === null) return rows;
  const where = job.node === null ? ', waiting for a node' : html` on <bdi>${job.node}</bdi>`;
  rows.push(['Slurm job', html`<span class="amount">${job.id}</span>${where}`]);
  if (job.ends_at !== null) rows.push(['Job ends', ahead(job.ends_at, now)]);
  return rows;
}

function ago(time: string, now: number): Html {
  return html`${at(time)} <span class="hint">${duration(now - Date.parse(time))} ago</span>`;
}

function ahead(time: string, now: number): Html {
  return html`${at(time)} <span class="hint">in ${duration(Date.parse(time) - now)}</span>`;
}

function at(time: string): Html {
  return html`<time datetime="${time}">${moment(new Date(time))}</time>`;
}
