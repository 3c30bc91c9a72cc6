// The token of a session that only its own pages know: their forms carry it, and the requests of their script.
// Not here: what is refused without it (own-form.ts, sign-in.ts).
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Html, html } from '../html.ts';
import type { Session } from './sessions.ts';

/** The field of a form. */
export const formTokenField = 'form_token';
/** The header of a request of the page's script. */
export const formTokenHeader = 'x-form-token';

/** What a form must hold to be accepted. */
export function formToken(session: Session): Html {
  return html`<input type="hidden" name="${formTokenField}" value="${session.formToken}">`;
}

/** Compares in constant time. */
export function isFormToken(given: unknown, session: Session): boolean {
  if (typeof given !== 'string') return false;
  const [x, y] = [given, session.formToken].map((text) => createHash('sha256').update(text).digest());
  return x !== undefined && y !== undefined && timingSafeEqual(x, y);
}
