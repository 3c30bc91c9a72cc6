// The security header fields of every page: no scripts and styles other than ours, no frames, no MIME sniffing.
import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** `hubUrl`: the hub's origin, if it differs from the page's. */
export function securityHeaders(hubUrl: string | null): RequestHandler[] {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        // by nonce, not 'self': users' servers, and the scripts that they serve, are on the same origin
        scriptSrc: [(_request, response) => `'nonce-${nonceOf(response as Response)}'`],
        styleSrc: [(_request, response) => `'nonce-${nonceOf(response as Response)}'`],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        // the response to the sign-out form redirects to the hub, and this directive applies to redirects too
        formAction: hubUrl === null ? ["'self'"] : ["'self'", hubUrl],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // not no-referrer: it makes browsers send "Origin: null" from our own forms
    referrerPolicy: { policy: 'same-origin' },
    // these two affect the whole host, which the page shares with users' servers and maybe the hub
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

/** Lets a form of this response be answered with a redirect to another origin. */
export function allowFormTo(response: Response, origin: string): void {
  const policy = String(response.getHeader('content-security-policy'));
  response.setHeader('content-security-policy', policy.replace(/form-action [^;]*/, `$& ${origin}`));
}

/** The nonce that elements of this response need to load a script or a style. */
export function nonceOf(response: Response): string {
  return response.locals.nonce as string;
}
