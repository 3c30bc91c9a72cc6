// The page with every server that a person may see: one row each, sorted and filtered by the address, so that it
// works without scripts. Not here: one server's own page (server-page.ts).
import type { MaintenanceView } from '../../maintenance/maintenance.ts';
import { addressOf, type ServerRecord } from '../../records/record.ts';
import { type Html, html } from '../html.ts';
import type { Site } from './layout.ts';
import { maintenanceNote } from './maintenance-note.ts';
import { duration, moment } from './measures.ts';
import { ownPorts } from './ports/own-ports.ts';
import type { PortsOfServer } from './ports/port-tables.ts';
import { type SharedPort, sharedWithYou } from './ports/shared-with-you.ts';
import type { ServerFacts } from './server-facts.ts';
import { stateBadge, stateWord } from './state-badge.ts';
import { quantitiesOf, usageCell } from './usage-cells.ts';

export interface ServersPageInput {
  readonly site: Site;
  readonly servers: readonly ServerFacts[];
  /** null: nobody has looked yet. */
  readonly portsOf: (facts: ServerFacts) => readonly number[] | null;
  /** Of the person's own servers, where they can be opened. */
  readonly ownPorts: readonly PortsOfServer[];
  readonly sharedPorts: readonly SharedPort[];
  readonly isAdmin: boolean;
  readonly query: ListQuery;
  readonly maintenance: MaintenanceView;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface ListQuery {
  readonly sort: SortKey;
  /** What the user or the server's name must contain; "" for all. */
  readonly find: string;
}

export const sortKeys = ['server', 'profile', 'state', 'since', 'active', 'memory', 'cpu'] as const;
export type SortKey = (typeof sortKeys)[number];

/** More rows than that are not looked at, but searched. */
const mostRows = 200;

export function serversPage(input: ServersPageInput): Html {
  const { servers, query, isAdmin, site } = input;
  const found = servers
    .filter(({ label }) => label.toLowerCase().includes(query.find.toLowerCase()))
    .sort(orders[query.sort]);
  return html`<div class="heading"><h1>${isAdmin ? 'Servers' : 'Your servers'}</h1>
<p id="summary" class="summary" role="status" data-live>${summary(servers)}</p>
${isAdmin && searchForm(site, query)}</div>
<div id="maintenance" data-live>${maintenanceNote(input.maintenance)}</div>
<div id="servers" data-live>${found.length === 0 ? emptyState(input) : table(found.slice(0, mostRows), input)}${
    found.length > mostRows &&
    html`<p class="hint">The first ${mostRows} of ${found.length} are shown. Search to see the others.</p>`
  }</div>
${ownPorts(input.ownPorts, input.now)}${sharedWithYou(input.sharedPorts, input.now)}`;
}

function summary(servers: readonly ServerFacts[]): string {
  if (servers.length === 0) return 'No servers';
  const counts = new Map<string, number>();
  for (const { record } of servers) {
    counts.set(stateWord(record), (counts.get(stateWord(record)) ?? 0) + 1);
  }
  const parts = ['ready', 'starting', 'stopping', 'failed', 'ended'].flatMap((word) => {
    const count = counts.get(word);
    return count === undefined ? [] : [`${count} ${word}`];
  });
  return parts.join(' · ');
}

function searchForm(site: Site, { find, sort }: ListQuery): Html {
  return html`<form class="search" role="search" action="${site.prefix}">
<input type="search" name="find" value="${find}" maxlength="64" placeholder="User or server" aria-label="Search by user or server">
${sort !== 'server' && html`<input type="hidden" name="sort" value="${sort}">`}
<button>Search</button>
</form>`;
}

function emptyState({ isAdmin, query, site, servers }: ServersPageInput): Html {
  if (servers.length > 0) {
    return html`<div class="empty"><p>No server matches <q><bdi>${query.find}</bdi></q>.</p><p><a href="${site.prefix}">Show all ${servers.length}</a></p></div>`;
  }
  const text = isAdmin
    ? 'When a user starts a server at the hub, it appears here.'
    : 'Start one at the hub, and it appears here.';
  return html`<div class="empty"><p>${isAdmin ? 'No server runs.' : 'You have no server.'}</p><p class="hint">${text}</p><p><a class="button" id="to-hub" href="${site.hubPages}home">To the hub</a></p></div>`;
}

/** The roles are those of the elements; they are spelt out because a style may take them away on small screens. */
function table(rows: readonly ServerFacts[], input: ServersPageInput): Html {
  return html`<table class="servers" role="table">
<caption class="unseen">${input.isAdmin ? 'Servers of every user' : 'Your servers'}, with state, usage and ports</caption>
<thead role="rowgroup"><tr role="row">
${columns.map(({ title, key, isNumber }) => {
  const isSorted = key !== null && key === input.query.sort;
  return html`<th scope="col" role="columnheader" class="${isNumber && 'number'}"${isSorted && html` aria-sort="${descending.includes(key) ? 'descending' : 'ascending'}"`}>${
    key === null ? title : html`<a href="${sortLink(input, key)}" id="sort-${key}">${title}</a>`
  }</th>`;
})}
</tr></thead>
<tbody role="rowgroup">
${rows.map((facts) => row(facts, input))}
</tbody>
</table>`;
}

const columns: readonly { title: string; key: SortKey | null; isNumber: boolean }[] = [
  { title: 'Server', key: 'server', isNumber: false },
  { title: 'Profile', key: 'profile', isNumber: false },
  { title: 'State', key: 'state', isNumber: false },
  { title: 'Since', key: 'since', isNumber: true },
  { title: 'Active', key: 'active', isNumber: true },
  { title: 'Memory', key: 'memory', isNumber: true },
  { title: 'CPU', key: 'cpu', isNumber: true },
  { title: 'Host port', key: null, isNumber: true },
  { title: 'Open inside', key: null, isNumber: false },
];

function sortLink({ site, query }: ServersPageInput, key: SortKey): string {
  const parameters = new URLSearchParams({
    ...(key === 'server' ? {} : { sort: key }),
    ...(query.find === '' ? {} : { find: query.find }),
  });
  return parameters.size === 0 ? site.prefix : `${site.prefix}?${parameters}`;
}

function row(facts: ServerFacts, { site, portsOf, now }: ServersPageInput): Html {
  const { record, message, profileTitle } = facts;
  const [memory, cpu] = quantitiesOf(facts);
  const ports = portsOf(facts);
  const started = new Date(record.started);
  return html`<tr role="row" id="server-${record.id}">
<th scope="row" role="rowheader"><a href="${site.prefix}servers/${record.id}" id="link-${record.id}"><bdi>${record.user}</bdi>${
    record.name !== '' && html`<span class="name">/<bdi>${record.name}</bdi></span>`
  }</a></th>
<td role="cell" data-label="Profile"><bdi>${profileTitle}</bdi>${choicesCell(record)}</td>
<td role="cell" data-label="State">${stateBadge(record)}${message !== '' && html`<span class="message">${message}</span>`}</td>
<td role="cell" data-label="Since" class="number"><time datetime="${started.toISOString()}" title="${moment(started)}">${duration(now - started.getTime())}</time></td>
<td role="cell" data-label="Active" class="number">${activeCell(facts, now)}</td>
<td role="cell" data-label="Memory" class="number">${usageCell(memory)}</td>
<td role="cell" data-label="CPU" class="number">${usageCell(cpu)}</td>
<td role="cell" data-label="Host port" class="number">${addressOf(record)?.port ?? html`<span class="none">–</span>`}</td>
<td role="cell" data-label="Open inside"><span class="ports">${portsCell(facts, ports)}</span></td>
</tr>`;
}

/** The values alone, and of what is yes or no its label; the server's own page has all of them. */
function choicesCell({ settings }: ServerRecord): Html | false {
  const shown = settings.filter(({ value }) => value !== 'no');
  if (shown.length === 0) return false;
  return html`<span class="message">${shown.map(
    ({ title, value }, index) =>
      html`${index > 0 && ' · '}<bdi title="${title}">${value === 'yes' ? title : value}</bdi>`,
  )}</span>`;
}

function portsCell({ record }: ServerFacts, ports: readonly number[] | null): Html {
  if (ports === null) return html`<span class="none" title="Being read">…</span>`;
  if (ports.length === 0) return html`<span class="none">–</span>`;
  return html`${ports
    .slice(0, mostPorts)
    .map(
      (port) => html`<span class="port${port === record.sandbox?.guestPort && ' forwarded'}">${port}</span> `,
    )}${ports.length > mostPorts && html`<span class="hint">and ${ports.length - mostPorts} more</span>`}`;
}

function activeCell({ activity: { last_activity, cull_at } }: ServerFacts, now: number): Html {
  if (last_activity === null) return html`<span class="none">–</span>`;
  const time = new Date(last_activity);
  return html`<time datetime="${time.toISOString()}" title="${moment(time)}">${duration(now - time.getTime())} ago</time>${
    cull_at !== null && html`<span class="message">stops in ${duration(Date.parse(cull_at) - now)}</span>`
  }`;
}

const mostPorts = 6;

type Order = (a: ServerFacts, b: ServerFacts) => number;

const descending: readonly SortKey[] = ['memory', 'cpu'];
const byLabel: Order = (a, b) => compare(a.label, b.label);
const by =
  (value: (facts: ServerFacts) => string): Order =>
  (a, b) =>
    compare(value(a), value(b)) || byLabel(a, b);
const byMost =
  (value: (facts: ServerFacts) => number): Order =>
  (a, b) =>
    value(b) - value(a) || byLabel(a, b);

const orders: Readonly<Record<SortKey, Order>> = {
  server: byLabel,
  profile: by(({ profileTitle }) => profileTitle),
  state: by(({ record }) => stateWord(record)),
  since: by(({ record }) => record.started),
  active: by(({ activity }) => activity.last_activity ?? ''),
  memory: byMost(({ samples }) => samples.at(-1)?.memory ?? -1),
  cpu: byMost(({ samples }) => samples.at(-1)?.cpus ?? -1),
};

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
