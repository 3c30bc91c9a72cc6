// The identity of a person, by the hub's OAuth: https://jupyterhub.readthedocs.io/en/stable/explanation/oauth.html
// Responses of the hub's API are validated here; an invalid one counts as a failure of the hub.
// Not here: cookies and sessions (sign-in.ts, pending-sign-ins.ts, sessions.ts).
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { PortwrapError } from '../../../config/errors.ts';
import { wrongApiUrl } from '../../hubs/api-address.ts';

export interface Person {
  readonly name: string;
  /** Whether the person may see and stop the servers of others. */
  readonly isAdmin: boolean;
  /** Of their token for this page. */
  readonly scopes: readonly string[];
  /** The groups of the hub to which they belong. */
  readonly groups: readonly string[];
}

/** Needed to complete a sign-in: the state of RFC 6749, and the code verifier of RFC 7636 (PKCE). */
export interface Challenge {
  readonly state: string;
  readonly verifier: string;
}

export interface HubIdentity {
  /** A new sign-in, and the URL to which the browser is redirected for it; it returns to `callback`. */
  begin(callback: string): Promise<Challenge & { readonly url: string }>;
  /**
   * Exchanges the query of the hub's redirect to `callback` for the person's token. Throws SIGN_IN_FAILED,
   * HUB_UNREACHABLE.
   */
  complete(query: URLSearchParams, challenge: Challenge, callback: string): Promise<string>;
  /** The owner of the token; null when the hub does not accept it any more. Throws PAGE_REFUSED, HUB_UNREACHABLE. */
  whoIs(token: string): Promise<Person | null>;
}

export interface HubIdentityInput {
  /** As in `hubs`, for example http://127.0.0.1:8081/hub/api */
  readonly apiUrl: string;
  readonly serviceName: string;
  /** The api_token of the service. */
  readonly token: string;
  /** The hub's pages for browsers, with a trailing "/": a path on the page's own origin, or a URL. */
  readonly hubPages: string;
}

/** Milliseconds. */
const patience = 10_000;

const userAnswer = z.object({
  kind: z.literal('user'),
  name: z.string().min(1),
  admin: z.boolean().default(false),
  scopes: z.array(z.string()),
  // the hub tells everybody their own groups: identify_scopes() in the scopes module of JupyterHub
  groups: z.array(z.string()).default([]),
});

export function createHubIdentity({ apiUrl, serviceName, token, hubPages }: HubIdentityInput): HubIdentity {
  const server = { issuer: apiUrl, token_endpoint: `${apiUrl}/oauth2/token` };
  const client = { client_id: `service-${serviceName}` };
  const authentication = oauth.ClientSecretPost(token);
  const mayEnter = ['access:services', `access:services!service=${serviceName}`];

  const call = async (url: string, init: RequestInit): Promise<Response> => {
    const bounds = { redirect: 'manual', signal: AbortSignal.timeout(patience) } as const;
    const response = await fetch(url, { ...init, ...bounds }).catch((cause: unknown) => {
      throw new PortwrapError('HUB_UNREACHABLE', 'the hub does not respond', { cause });
    });
    const misplaced = wrongApiUrl(apiUrl, response.status);
    if (misplaced !== null) throw notThere(response, misplaced);
    if (response.status >= 500) throw hubFails(response);
    return response;
  };
  const options = {
    [oauth.customFetch]: call,
    // the hub's API is usually on the loopback interface
    [oauth.allowInsecureRequests]: true,
  };

  return {
    async begin(callback) {
      const state = oauth.generateRandomState();
      const verifier = oauth.generateRandomCodeVerifier();
      const query = new URLSearchParams({
        ...{ ...client, response_type: 'code', redirect_uri: callback, state },
        // JupyterHub 6 checks it, and may require it (oauth_require_pkce); earlier versions ignore it
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { state, verifier, url: `${hubPages}api/oauth2/authorize?${query}` };
    },
    async complete(query, { state, verifier }, callback) {
      const response = await Promise.resolve()
        .then(() => oauth.validateAuthResponse(server, client, query, state))
        .then((valid) =>
          oauth.authorizationCodeGrantRequest(
            server,
            client,
            authentication,
            valid,
            callback,
            verifier,
            options,
          ),
        )
        .catch(refused);
      if (!response.ok) {
        await response.body?.cancel();
        throw new PortwrapError('SIGN_IN_FAILED', `the hub refused the sign-in (${response.status})`);
      }
      const { access_token } = await oauth
        .processAuthorizationCodeResponse(server, client, response)
        .catch(noHub);
      return access_token;
    },
    async whoIs(own) {
      const response = await call(`${apiUrl}/user`, { headers: { authorization: `token ${own}` } });
      if (response.status === 401 || response.status === 403) {
        await response.body?.cancel();
        return null;
      }
      if (!response.ok) throw hubFails(response);
      const { name, admin, scopes, groups } = await response
        .json()
        .then((body) => userAnswer.parse(body))
        .catch(noHub);
      if (!scopes.some((scope) => mayEnter.includes(scope))) {
        throw new PortwrapError('PAGE_REFUSED', `the hub does not let ${name} use this page`);
      }
      return { name, scopes, groups, isAdmin: admin || scopes.some((scope) => adminScopes.includes(scope)) };
    },
  };
}

/** Scopes that make an admin besides the hub's admins: stopping every server there, or our own custom scope. */
const adminScopes: readonly string[] = ['admin:servers', 'custom:portwrap:admin'];

function notThere(response: Response, message: string): PortwrapError {
  void response.body?.cancel();
  return new PortwrapError('HUB_UNREACHABLE', message, {
    hint: 'An administrator must correct "api_url"; portwrap-spawner doctor finds the right one.',
  });
}

function hubFails(response: Response): PortwrapError {
  void response.body?.cancel();
  return new PortwrapError('HUB_UNREACHABLE', `the hub responded with HTTP ${response.status}`);
}

/** Throws for a redirect that reports an OAuth error, or is not a valid one of an authorization server. */
function refused(cause: unknown): never {
  if (cause instanceof PortwrapError) throw cause;
  const reason = cause instanceof oauth.AuthorizationResponseError ? ` (${cause.error.slice(0, 80)})` : '';
  throw new PortwrapError('SIGN_IN_FAILED', `the hub refused the sign-in${reason}`, { cause });
}

function noHub(): never {
  throw new PortwrapError('HUB_UNREACHABLE', 'the program at "api_url" is not a JupyterHub');
}
