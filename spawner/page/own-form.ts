// Whether a POST comes from a form of this page, filled in by the person whose session it is: the browser says so
// by its headers, and the form by its token. Not here: who that person is (sign-in.ts).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import { type Html, html } from './html.ts';
import type { Session } from './sessions.ts';
import { sessionOf } from './sign-in.ts';

const field = 'form_token';

/** What a form must hold to be accepted. */
export function formToken(session: Session): Html {
  return html`<input type="hidden" name="${field}" value="${session.formToken}">`;
}

/** Refuses with FORM_REFUSED. */
export const ownForm: RequestHandler = (request, response, next) => {
  const given = (request.body as Record<string, unknown> | undefined)?.[field];
  const isOwn =
    comesFromHere(request) && typeof given === 'string' && areEqual(given, sessionOf(response).formToken);
  next(isOwn ? undefined : new PortwrapError('FORM_REFUSED', 'this form does not come from this page'));
};

/** Every browser says at a POST where it comes from; who does not is no browser. */
function comesFromHere(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = request.get('origin') ?? '';
  return URL.canParse(origin) && new URL(origin).host === request.get('host');
}

function areEqual(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return x !== undefined && y !== undefined && timingSafeEqual(x, y);
}
