// The section of the first page with what a person's own servers have opened. Not here: the tables (port-tables.ts).
import { serverLabel } from '../../../records/record.ts';
import { type Html, html } from '../../html.ts';
import { type PortsOfServer, portTables } from './port-tables.ts';

/** `servers`: those whose ports this person opens. `now` in milliseconds since the epoch. */
export function ownPorts(servers: readonly PortsOfServer[], now: number): Html {
  return html`<div id="own-ports" data-live>${
    servers.length > 0 &&
    html`<section class="own-ports" aria-labelledby="ports"><h2 id="ports">Open ports of your servers</h2>${servers.map(
      (server) =>
        html`<section class="card" aria-labelledby="ports-of-${server.record.id}"><h3 id="ports-of-${server.record.id}"><bdi>${serverLabel(server.record)}</bdi></h3>${portTables(server, now)}</section>`,
    )}</section>`
  }</div>`;
}
