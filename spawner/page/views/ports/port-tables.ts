// The open ports of one server: those with pages first, as links, and what people do not look for folded away.
// Not here: finding ports (open-ports/), who may open one (links/access.ts).
import type { AddressOf } from '../../../open-ports/offered.ts';
import { isNoise, type PortKind } from '../../../open-ports/port-kind.ts';
import type { OpenPort } from '../../../open-ports/port-lists.ts';
import type { ServerRecord } from '../../../records/record.ts';
import { isForwarded } from '../../../usage/observe.ts';
import { type Html, html } from '../../html.ts';
import { duration, moment } from '../measures.ts';

export interface PortsOfServer {
  readonly record: ServerRecord;
  readonly ports: readonly OpenPort[];
  /** Where this person opens them; null: they do not. */
  readonly addressOf: AddressOf | null;
}

/** Whether those who may open ports have a link to this one. */
export function hasLink({ kind }: Pick<OpenPort, 'kind'>): boolean {
  return kind === 'http' || kind === 'unknown';
}

/** `now` in milliseconds since the epoch. */
export function portTables({ record, ports, addressOf }: PortsOfServer, now: number): Html {
  const shown = ports.filter(({ kind }) => !isNoise(kind));
  const noise = ports.filter(({ kind }) => isNoise(kind));
  const rows = (some: readonly OpenPort[]) =>
    some.map((port) => row(port, { record, ports, addressOf }, now));
  return html`${
    shown.length === 0
      ? html`<p class="hint">No program has opened a port inside yet.</p>`
      : table('TCP ports that are open inside the sandbox', rows(shown))
  }${
    noise.length > 0 &&
    html`<details id="noise-${record.id}"><summary id="noise-summary-${record.id}">${summary(noise)}</summary>${table('Ports for other programs', rows(noise))}</details>`
  }`;
}

function table(caption: string, rows: readonly Html[]): Html {
  return html`<table class="ports-table" role="table"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader" class="number">Port</th><th scope="col" role="columnheader">Page</th><th scope="col" role="columnheader">Program</th><th scope="col" role="columnheader" class="since">Open for</th></tr></thead>
<tbody role="rowgroup">${rows}</tbody></table>`;
}

function row(port: OpenPort, of: PortsOfServer, now: number): Html {
  const { programs, since } = port;
  return html`<tr role="row"><th scope="row" role="rowheader" class="number">${port.port}</th><td role="cell">${page(port, of)}</td><td role="cell" class="program">${
    programs.length === 0 ? html`<span class="none">–</span>` : html`<bdi>${programs.join(', ')}</bdi>`
  }</td><td role="cell" class="since">${since === null ? html`<span class="none">–</span>` : time(since, now)}</td></tr>`;
}

function time(since: number, now: number): Html {
  const at = new Date(since);
  return html`<time datetime="${at.toISOString()}" title="${moment(at)}">${duration(now - since)}</time>`;
}

/** A program that is opened learns nothing of this page. */
function page(port: OpenPort, { record, addressOf }: PortsOfServer): Html {
  const { kind, title } = port;
  if (addressOf === null || !hasLink(port)) return words(port, record);
  const text = title ?? `localhost:${port.port}`;
  return html`<a href="${addressOf(port.port)}" id="port-${record.id}-${port.port}" target="_blank" rel="noopener noreferrer" aria-label="Open ${text}, port ${port.port}, in a new tab"><bdi>${text}</bdi></a>${
    kind === 'unknown' && html` <span class="hint">no response yet</span>`
  }`;
}

function words({ kind, ...port }: OpenPort, record: ServerRecord): Html {
  if (kind !== 'server') return html`<span class="none">${meanings[kind]}</span>`;
  const isReached = record.sandbox !== null && isForwarded(record, port);
  return html`${meanings.server}${isReached && html`, host port <span class="amount">${record.sandbox?.hostPort}</span>`}`;
}

const meanings: Readonly<Record<PortKind, string>> = {
  http: 'a page',
  unknown: 'inside only',
  other: 'no page',
  server: 'this server',
  kernel: 'a kernel',
  debugger: 'a debugger',
};

function summary(noise: readonly OpenPort[]): string {
  const count = (wanted: PortKind, one: string, several: string) => {
    const { length } = noise.filter(({ kind }) => kind === wanted);
    return length === 0 ? [] : [length === 1 ? one : `${length} ${several}`];
  };
  return [
    ...count('server', 'The port of the server itself', 'ports of the server itself'),
    ...count('kernel', '1 of a kernel', 'of kernels'),
    ...count('debugger', '1 of a debugger', 'of debuggers'),
  ].join(', ');
}
