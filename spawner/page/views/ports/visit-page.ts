// The question before a browser opens a port of another user for the first time: as the hub asks before a person uses
// somebody else's server. Not here: whether they may (links/access.ts).
import { type ServerRecord, serverLabel } from '../../../records/record.ts';
import { formToken } from '../../auth/form-token.ts';
import type { Session } from '../../auth/sessions.ts';
import { type Html, html } from '../../html.ts';
import type { Site } from '../layout.ts';

export interface Visit {
  readonly record: ServerRecord;
  readonly port: number;
  /** Of the port; null: it is a path on the host of the hub. */
  readonly origin: string | null;
  /** The address that is opened then. */
  readonly to: string;
  /** Of the sign-in at the port's own host; null: it has none. */
  readonly challenge: string | null;
}

export function visitPage(
  { prefix }: Site,
  { record, port, origin, to, challenge }: Visit,
  session: Session,
): Html {
  const where =
    origin === null
      ? html`Its pages are shown at the address of the hub, and could do there what you can do.`
      : html`Its pages are shown at <bdi>${origin}</bdi>, an address of their own. They see nothing of what you do at the hub, and learn that you have come.`;
  return html`<section class="problem alone">
<h1>Open a port of <bdi>${record.user}</bdi>?</h1>
<p>The program on port ${port} of <bdi>${serverLabel(record)}</bdi> belongs to <bdi>${record.user}</bdi>. ${where} Open it only if you trust <bdi>${record.user}</bdi>.</p>
<form method="post" action="${prefix}open-port">${formToken(session)}<input type="hidden" name="to" value="${to}">${challenge !== null && html`<input type="hidden" name="challenge" value="${challenge}">`}<button>Open it</button></form>
<p><a href="${prefix}">Show the servers</a></p>
</section>`;
}
