// What browsers are told to refuse on every page: scripts and styles other than ours, frames, guessing of types.
import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** `hubUrl`: the hub's origin where it is another one. */
export function securityHeaders(hubUrl: string | null): RequestHandler[] {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        // by nonce, not 'self': users' servers are on the same origin, and so are scripts that they serve
        scriptSrc: [(_request, response) => `'nonce-${nonceOf(response as Response)}'`],
        styleSrc: [(_request, response) => `'nonce-${nonceOf(response as Response)}'`],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        // the form that signs out is answered with a redirect to the hub, which counts too
        formAction: hubUrl === null ? ["'self'"] : ["'self'", hubUrl],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // not no-referrer: with it browsers send "Origin: null" from our own forms
    referrerPolicy: { policy: 'same-origin' },
    // these two are for the whole host, which is not the page's: users' servers and the hub may be on it
    strictTransportSecurity: false,
    originAgentCluster: false,
  });
  const own: RequestHandler = (_request, response, next) => {
    response.locals.nonce = randomBytes(16).toString('base64url');
    response.set('cache-control', 'no-store');
    next();
  };
  return [own, headers];
}

/** What the elements of this response that load a script or a style must carry. */
export function nonceOf(response: Response): string {
  return response.locals.nonce as string;
}
