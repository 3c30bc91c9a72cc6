// The section of the first page with the ports that others share with a person. Not here: who is let in (shares/rules.ts).
import { type ServerRecord, serverLabel } from '../../../records/record.ts';
import type { Share } from '../../../shares/share.ts';
import { type Html, html } from '../../html.ts';
import { until } from './sharing.ts';

export interface SharedPort {
  readonly record: ServerRecord;
  readonly share: Share;
  /** A path, or a URL with a host of its own. */
  readonly address: string;
}

/** `now` in milliseconds since the epoch. */
export function sharedWithYou(shared: readonly SharedPort[], now: number): Html {
  return html`<div id="shared-with-you" data-live>${
    shared.length > 0 &&
    html`<section class="own-ports" aria-labelledby="shared"><h2 id="shared">Shared with you</h2><ul class="card shares">${shared.map(
      ({ record, share, address }) =>
        html`<li><span class="amount">${share.port}</span> <span class="whom"><a href="${address}" id="shared-${share.id}" target="_blank" rel="noopener noreferrer" aria-label="Open port ${share.port} of ${serverLabel(record)}, in a new tab">localhost:${share.port} of <bdi>${serverLabel(record)}</bdi></a> <span class="hint">${until(share, now)}</span></span></li>`,
    )}</ul></section>`
  }</div>`;
}
