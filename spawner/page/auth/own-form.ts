// Whether a POST comes from a form of this page, filled in by the person whose session it is: the browser says so
// by its headers, and the form by its token. Not here: who that person is (sign-in.ts).
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

/** Every browser says at a POST where it comes from; who does not is no browser. */
function comesFromHere(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = request.get('origin') ?? '';
  return URL.canParse(origin) && new URL(origin).host === request.get('host');
}
