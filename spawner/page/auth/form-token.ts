// The CSRF token of a session, known only to its own pages: their forms and their script's requests contain it.
// Own code: csrf-sync 4.2 compares tokens with ===, which is not constant-time.
// Not here: refusing requests without it (own-form.ts, sign-in.ts).
import { type Html, html } from '../html.ts';
import { isSecret } from './secrets.ts';
import type { Session } from './sessions.ts';

/** The name of the form field. */
export const formTokenField = 'form_token';
/** The header field in requests of the page's script. */
export const formTokenHeader = 'x-form-token';

/** The hidden field that a form must contain. */
export function formToken(session: Session): Html {
  return html`<input type="hidden" name="${formTokenField}" value="${session.formToken}">`;
}

export function isFormToken(given: unknown, session: Session): boolean {
  return isSecret(given, session.formToken);
}
