// Who calls: the hub whose token the request carries, or the administrator, whose token lies in the state
// directory. A hub sees its own servers; the administrator those of every hub, and names one with ?hub=.
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import type { Hub } from '../../config/load.ts';
import { isSameSecret } from '../../config/system/same-secret.ts';

export interface Caller {
  readonly isAdmin: boolean;
  /** The hub that calls; null for the administrator. */
  readonly hub: string | null;
}

/** Refuses with UNAUTHORIZED, or remembers the caller for callerOf(). */
export function authenticate(hubs: () => readonly Hub[], adminToken: string): RequestHandler {
  const admin = { caller: { isAdmin: true, hub: null }, secret: adminToken };
  return (request, response, next) => {
    const token = /^(?:token|bearer) +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    const known = hubs().map(({ name, token: secret }) => ({
      caller: { isAdmin: false, hub: name },
      secret,
    }));
    // every token is compared, so that the time tells nothing about which one matched
    const matches = [...known, admin].filter(({ secret }) => isSameSecret(token ?? '', secret));
    const match = matches[0];
    if (token === undefined || match === undefined) {
      const what = token === undefined ? 'the request has no token' : 'the token does not belong to any hub';
      return next(new PortwrapError('UNAUTHORIZED', what));
    }
    response.locals.caller = match.caller;
    next();
  };
}

export const adminOnly: RequestHandler = (_request, response, next) => {
  if (callerOf(response).isAdmin) return next();
  next(new PortwrapError('UNAUTHORIZED', 'only the administrator may do this', { hint: adminHint }));
};

const adminHint = 'Its token is in the file admin-token in "service.state_dir".';

/** Who authenticate() found. */
export function callerOf(response: Response): Caller {
  return response.locals.caller as Caller;
}

/** As the audit trail names it. */
export function callerName(response: Response): string {
  const { hub } = callerOf(response);
  return hub === null ? 'administrator' : `hub ${hub}`;
}

/** The hub that a request is about. Throws REQUEST_INVALID when an administrator must name one. */
export function hubOf(request: Request, response: Response, hubs: readonly Hub[]): string {
  const caller = callerOf(response);
  if (caller.hub !== null) return caller.hub;
  const { hub } = request.query;
  if (typeof hub === 'string') return hub;
  const [only, ...others] = hubs;
  if (only !== undefined && others.length === 0 && hub === undefined) return only.name;
  throw new PortwrapError('REQUEST_INVALID', 'hub: the query must name one of the hubs');
}

/** The same, for a start: a hub that is in the configuration. */
export function configuredHubOf(request: Request, response: Response, hubs: readonly Hub[]): Hub {
  const name = hubOf(request, response, hubs);
  const found = hubs.find((hub) => hub.name === name);
  if (found === undefined) throw new PortwrapError('REQUEST_INVALID', `hub: there is no hub "${name}"`);
  return found;
}
