// Who calls: the hub whose token the request carries. Comparison takes the same time for every token.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import type { Hub } from '../../config/load.ts';

/** Refuses with UNAUTHORIZED, or remembers the hub for hubOf(). */
export function authenticate(hubs: readonly Hub[]): RequestHandler {
  const known = hubs.map((hub) => ({ hub, digest: digest(hub.token) }));
  return (request, response, next) => {
    const token = /^(?:token|bearer) +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    const given = digest(token ?? '');
    // every hub is compared, so that the time tells nothing about which one matched
    const matches = known.filter((candidate) => timingSafeEqual(candidate.digest, given));
    const match = matches[0];
    if (token === undefined || match === undefined) {
      const what = token === undefined ? 'the request carries no token' : 'the token is not that of any hub';
      return next(new PortwrapError('UNAUTHORIZED', what));
    }
    response.locals.hub = match.hub;
    next();
  };
}

/** The hub that authenticate() found. */
export function hubOf(response: Response): Hub {
  return response.locals.hub as Hub;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
