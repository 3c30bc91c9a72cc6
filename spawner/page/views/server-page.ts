// One server's page: what it is and uses, how its start went, which ports are open inside, its log, and the button
// that stops it. Not here: the list (servers-page.ts), stopping (app.ts).
import type { PhaseTimes } from '../../records/meter.ts';
import type { ServerRecord } from '../../records/record.ts';
import { isAlive } from '../../records/server-state.ts';
import type { Server } from '../../servers/server.ts';
import { formToken } from '../auth/form-token.ts';
import type { Session } from '../auth/sessions.ts';
import { type Html, html } from '../html.ts';
import type { Sharing } from '../sharing-forms.ts';
import { about } from './about.ts';
import type { Site } from './layout.ts';
import { type PortsOfServer, portTables } from './ports/port-tables.ts';
import { sharing } from './ports/sharing.ts';
import type { ServerFacts } from './server-facts.ts';
import { hasFailed, stateBadge } from './state-badge.ts';
import { timeline } from './timeline.ts';
import { type Quantity, quantitiesOf } from './usage-cells.ts';

export interface ServerPageInput {
  readonly site: Site;
  readonly server: Server;
  readonly facts: ServerFacts;
  readonly ports: PortsOfServer;
  readonly sharing: Sharing;
  /** The last lines of its log, as text. */
  readonly log: string;
  /** Where in the log what comes next will begin. */
  readonly logPosition: number;
  readonly session: Session;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function serverPage(input: ServerPageInput): Html {
  const { site, server, facts, session, now, logPosition } = input;
  const { record } = facts;
  const address = `${site.prefix}servers/${record.id}`;
  const { phases } = server;
  const start = timeline({ phases, age: startAge(record, now), outcome: startOutcome(record, phases) });
  return html`<nav class="crumbs" aria-label="Breadcrumb"><a href="${site.prefix}">${
    session.person.isAdmin ? 'Servers' : 'Your servers'
  }</a></nav>
<div class="heading"><h1><bdi>${record.user}</bdi>${
    record.name !== '' && html`<span class="name">/<bdi>${record.name}</bdi></span>`
  }</h1>
<p id="state" class="summary" role="status" data-live>${stateBadge(record)}${
    facts.message !== '' && html` · <span class="message">${facts.message}</span>`
  }</p>
<div id="stop" data-live>${stopForm(input, address)}</div></div>
<div id="failure" data-live>${failure(facts)}</div>
<div class="cards">
<section aria-labelledby="about"><h2 id="about">About</h2><dl id="facts" data-live>${about(facts, now)}</dl></section>
<section aria-labelledby="use"><h2 id="use">Usage</h2><div id="usage" data-live>${usage(facts)}</div></section>
<section aria-labelledby="start"><h2 id="start">Start</h2><div id="phases" data-live>${
    start ?? html`<p class="hint">The phases of this start are not known.</p>`
  }</div></section>
<section aria-labelledby="ports-heading"><h2 id="ports-heading">Open inside</h2><div id="ports" data-live>${openPorts(input)}</div></section>
</div>
${sharing({ ...input.sharing, record, session, address, now })}
<section class="log" aria-labelledby="log-heading"><div class="log-head"><h2 id="log-heading">Log</h2>
<label class="follow" hidden><input type="checkbox" id="follow" checked> Follow</label>
<a href="${address}/log">As plain text</a></div>
<pre id="log" tabindex="0" role="log" aria-live="off" aria-labelledby="log-heading" data-log="${isAlive(record.state) && `${address}/log?follow=true&from=${logPosition}`}">${input.log}</pre>
${input.log === '' && html`<p class="hint" id="log-empty">No output yet.</p>`}</section>`;
}

function startAge({ started, exit }: ServerRecord, now: number): number {
  return (exit === null ? now : Date.parse(exit.time)) - Date.parse(started);
}

function startOutcome({ state }: ServerRecord, { route }: PhaseTimes): 'underway' | 'done' | 'broken' {
  if (state === 'starting') return 'underway';
  return route === undefined && state === 'exited' ? 'broken' : 'done';
}

function stopForm({ facts: { record }, session }: ServerPageInput, address: string): Html | null {
  if (!isAlive(record.state)) return null;
  const isStopping = record.state === 'stopping';
  return html`<form method="post" action="${address}/stop">${formToken(session)}${
    isStopping && html`<input type="hidden" name="now" value="true">`
  }<button class="danger" id="stop-button">${isStopping ? 'Kill now' : 'Stop server'}</button></form>`;
}

function failure({ record, message }: ServerFacts): Html | null {
  if (!hasFailed(record)) return null;
  const { hint, code } = record.error ?? { hint: hintOf(record), code: null };
  return html`<section class="problem" aria-labelledby="why"><h2 id="why">Why it failed</h2>
<p>${message}</p><p class="hint">${hint}${code !== null && html` <code>${code}</code>`}</p></section>`;
}

function usage(facts: ServerFacts): Html {
  const quantities = quantitiesOf(facts).filter(({ peak }) => peak !== null);
  if (quantities.length === 0) {
    const why = 'The usage of this server is unknown: the service has no control groups.';
    return html`<p class="hint">${whyUnseen(facts.record) ?? why}</p>`;
  }
  return html`${quantities.map(usageFigure)}<p class="hint">Up to the last half hour. Memory includes cached files.</p>`;
}

/** A server that was ready and ended has no error of ours. */
function hintOf({ exit }: ServerRecord): string {
  return exit?.out_of_memory
    ? 'The kernel killed one of its processes at its memory limit, "resources.memory" of its profile.'
    : 'The last lines of its log may say why.';
}

function whyUnseen({ sandbox, job }: ServerRecord): string | null {
  if (job !== null) return 'Not known: the server runs on another machine.';
  return sandbox === null ? 'It does not run.' : null;
}

function usageFigure({ name, now, limit, peak, isTight, plot }: Quantity): Html {
  const unit = name === 'CPU' ? ' CPUs' : '';
  return html`<figure class="${isTight && 'tight'}"><figcaption><span>${name}</span> ${now !== null && html`<strong class="amount">${now}${limit === null && unit}</strong>`}${limit !== null && html` <span class="limit">of ${limit}${unit}</span>`} <span class="peak">peak ${peak}</span></figcaption>${plot('large')}</figure>`;
}

function openPorts({ facts: { record }, ports, now }: ServerPageInput): Html {
  if (ports.ports.length > 0) return portTables(ports, now);
  return html`<p class="hint">${whyUnseen(record) ?? 'No TCP port is open yet.'}</p>`;
}
