// What browsers are told to refuse on every page: scripts and styles other than ours, frames, guessing of types.
import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

/** `hubUrl`: the hub's origin where it is another one. */
export function securityHeaders(hubUrl: string | null): RequestHandler {
  // the form that signs out is answered with a redirect to the hub, which counts too
  const formTargets = hubUrl === null ? "'self'" : `'self' ${hubUrl}`;
  return (_request, response, next) => {
    const nonce = randomBytes(16).toString('base64url');
    response.locals.nonce = nonce;
    response.set({
      // by nonce, not 'self': users' servers are on the same origin, and so are scripts that they serve
      'content-security-policy': [
        "default-src 'none'",
        `script-src 'nonce-${nonce}'`,
        `style-src 'nonce-${nonce}'`,
        "img-src 'self'",
        "connect-src 'self'",
        `form-action ${formTargets}`,
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ].join('; '),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      // not no-referrer: with it browsers send "Origin: null" from our own forms
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    next();
  };
}

/** What the elements of this answer that load a script or a style must carry. */
export function nonceOf(response: Response): string {
  return response.locals.nonce as string;
}
