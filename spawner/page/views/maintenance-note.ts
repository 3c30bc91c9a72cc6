// What a maintenance means for whoever looks at the list: the words of the administrator, and when.
import type { MaintenanceView } from '../../maintenance/maintenance.ts';
import { type Html, html } from '../html.ts';
import { moment } from './measures.ts';

/** Empty when none is on or planned. */
export function maintenanceNote({ state, message, starts_at, stop_servers_at }: MaintenanceView): Html {
  if (state === 'off') return html``;
  return html`<p class="notice" role="note"><b>${state === 'on' ? 'Maintenance: no servers are started.' : html`Maintenance from ${time(starts_at)} on.`}</b> <bdi>${message}</bdi>${
    stop_servers_at !== null && html` Servers that run are asked to end at ${time(stop_servers_at)}.`
  }</p>`;
}

function time(iso: string | null): Html {
  if (iso === null) return html`now`;
  return html`<time datetime="${iso}">${moment(new Date(iso))}</time>`;
}
