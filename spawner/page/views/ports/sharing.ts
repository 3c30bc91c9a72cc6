// Which ports of a server are shared, with buttons that revoke, and the form that shares one. Not here: what the forms do
// (sharing-forms.ts).
import type { ServerRecord } from '../../../records/record.ts';
import type { SharingAllowed } from '../../../shares/rules.ts';
import { granteesText, type Share } from '../../../shares/share.ts';
import { formToken } from '../../auth/form-token.ts';
import type { Session } from '../../auth/sessions.ts';
import { type Html, html } from '../../html.ts';
import { hoursOffered, type Sharing } from '../../sharing-forms.ts';
import { duration, moment } from '../measures.ts';

export interface SharingInput extends Sharing {
  readonly record: ServerRecord;
  readonly session: Session;
  /** The path of the server's page. */
  readonly address: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Empty where nothing is shared and nothing may be. */
export function sharing(input: SharingInput): Html | null {
  if (input.allowed === null && input.shares.length === 0) return null;
  return html`<section class="sharing" aria-labelledby="sharing-heading"><h2 id="sharing-heading">Shared ports</h2>
<div id="shares" data-live>${list(input)}</div>${input.allowed !== null && shareForm(input, input.allowed)}</section>`;
}

function list({ shares, session, address, now }: SharingInput): Html {
  if (shares.length === 0) return html`<p class="hint">No port of this server is shared.</p>`;
  return html`<ul class="shares">${shares.map(
    (share) =>
      html`<li><span class="amount">${share.port}</span> <span class="whom">with <bdi>${granteesText(share)}</bdi>, <span class="hint">${until(share, now)}</span></span>
<form method="post" action="${address}/shares/revoke">${formToken(session)}<input type="hidden" name="share" value="${share.id}"><button class="quiet" id="revoke-${share.id}" aria-label="Revoke port ${share.port} for ${granteesText(share)}">Revoke</button></form></li>`,
  )}</ul>`;
}

/** In words, as of now. */
export function until(share: Pick<Share, 'until'>, now: number): Html {
  const at = new Date(share.until);
  return html`for <time datetime="${at.toISOString()}" title="${moment(at)}">${duration(at.getTime() - now)}</time> more`;
}

function shareForm({ session, address }: SharingInput, allowed: SharingAllowed): Html {
  const hours = hoursOffered.filter((one, index) => index === 0 || one * 3600 <= allowed.longest);
  return html`<form class="share-form" method="post" action="${address}/shares">${formToken(session)}
<label>Port <input name="port" type="number" min="1" max="65535" required></label>
${allowed.users && html`<label>Users <input name="users" maxlength="1000" autocomplete="off" placeholder="bob, carol"></label>`}
${allowed.groups && html`<label>Groups <input name="groups" maxlength="1000" autocomplete="off"></label>`}
${allowed.everybody && html`<label class="check"><input type="checkbox" name="everybody" value="true"> Everybody who is signed in</label>`}
<label>For <select name="hours">${hours.map((one) => html`<option value="${one}">${duration(one * 3_600_000)}</option>`)}</select></label>
<button>Share</button>
</form>
<p class="hint">Whoever opens the port uses the program with your rights in this server. Share only what is meant for them.</p>`;
}
