// Checks that a POST comes from a form of this page and of the same session: by the browser's header fields and the
// form's token. Not here: the session (sign-in.ts).
import type { Request, RequestHandler } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import { formTokenField, isFormToken } from './form-token.ts';
import { sessionOf } from './sign-in.ts';

/** Refuses with FORM_REFUSED. */
export const ownForm: RequestHandler = (request, response, next) => {
  const given = (request.body as Record<string, unknown> | undefined)?.[formTokenField];
  const isOwn = comesFromHere(request) && isFormToken(given, sessionOf(response));
  next(isOwn ? undefined : new PortwrapError('FORM_REFUSED', 'the form was not sent by this page'));
};

/** Every browser sends the origin of a POST; a client that does not is no browser. */
function comesFromHere(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = request.get('origin') ?? '';
  return URL.canParse(origin) && new URL(origin).host === request.get('host');
}
