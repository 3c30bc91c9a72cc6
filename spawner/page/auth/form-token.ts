// The token of a session that only its own pages know: their forms carry it, and the requests of their script. Own code:
// csrf-sync 4.2 compares tokens with ===, which is not constant-time. Not here: what is refused without it
// (own-form.ts, sign-in.ts).
import { type Html, html } from '../html.ts';
import { isSecret } from './secrets.ts';
import type { Session } from './sessions.ts';

/** The field of a form. */
export const formTokenField = 'form_token';
/** The header of a request of the page's script. */
export const formTokenHeader = 'x-form-token';

/** What a form must hold to be accepted. */
export function formToken(session: Session): Html {
  return html`<input type="hidden" name="${formTokenField}" value="${session.formToken}">`;
}

export function isFormToken(given: unknown, session: Session): boolean {
  return isSecret(given, session.formToken);
}
