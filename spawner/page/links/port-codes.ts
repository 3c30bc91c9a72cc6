// One-time codes with which a browser that is signed in at the page gets its cookie at the host of a port, as in OAuth
// (RFC 6749, 4.1) with PKCE (RFC 7636): a code counts once, shortly, for one port, and only together with the verifier,
// which is in a cookie of the browser that asked. In memory only. Not here: who gets one (open-port.ts), who brings it back
// (host-sign-in.ts).
import { createHash } from 'node:crypto';
import { isSecret, newSecret } from '../auth/secrets.ts';

export interface CodeGrant {
  /** The id of the session. */
  readonly session: string;
  /** The id of the record, and its port. */
  readonly server: string;
  readonly port: number;
  /** Of the verifier: see challengeOf(). */
  readonly challenge: string;
  /** Where the browser goes then, from "/" on. */
  readonly rest: string;
}

export interface PortCodes {
  issue(grant: CodeGrant): string;
  /** What the code stands for, once; null: nothing, or not any more. */
  take(code: string): CodeGrant | null;
}

/** Milliseconds: it takes one redirect. */
const lifetime = 60_000;
/** Beyond this the oldest one ends. */
const mostCodes = 10_000;

/** `now`: milliseconds of a monotonic clock. */
export function createPortCodes(now: () => number = () => performance.now()): PortCodes {
  const codes = new Map<string, CodeGrant & { readonly until: number }>();
  return {
    issue(grant) {
      for (const [code, { until }] of codes) {
        if (until > now() && codes.size < mostCodes) break; // the oldest come first
        codes.delete(code);
      }
      const code = newSecret();
      codes.set(code, { ...grant, until: now() + lifetime });
      return code;
    },
    take(code) {
      const found = codes.get(code);
      codes.delete(code);
      return found !== undefined && found.until > now() ? found : null;
    },
  };
}

/** Has the form of a challenge. */
export function isChallenge(given: unknown): given is string {
  return typeof given === 'string' && /^[\w-]{43}$/.test(given);
}

export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

export function isVerifier(given: string | undefined, challenge: string): boolean {
  return given !== undefined && isSecret(challengeOf(given), challenge);
}
