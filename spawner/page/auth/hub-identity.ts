// Who somebody is, by the hub's OAuth: https://jupyterhub.readthedocs.io/en/stable/explanation/oauth.html
// The hub's API answers must have the form that is expected here; anything else counts as a hub that fails.
// Not here: cookies and sessions (sign-in.ts, sessions.ts).
import { z } from 'zod';
import { PortwrapError } from '../../../config/errors.ts';

export interface Person {
  readonly name: string;
  /** May see and stop the servers of others. */
  readonly isAdmin: boolean;
}

export interface HubIdentity {
  /** Where a browser is sent to sign in, and comes back from to `callback`. */
  authorizeUrl(state: string, callback: string): string;
  /**
   * The person's token, for the code that the hub's redirect to `callback` carries. Throws SIGN_IN_FAILED,
   * HUB_UNREACHABLE.
   */
  exchange(code: string, callback: string): Promise<string>;
  /** Whose token it is; null once the hub does not know it any more. Throws PAGE_REFUSED, HUB_UNREACHABLE. */
  whoIs(token: string): Promise<Person | null>;
}

export interface HubIdentityInput {
  /** As in `hubs`: http://127.0.0.1:8081/hub/api */
  readonly apiUrl: string;
  readonly serviceName: string;
  /** The api_token of the service. */
  readonly token: string;
  /** Where browsers find the hub's pages, with "/" at the end: a path on the page's own origin, or a URL. */
  readonly hubPages: string;
}

/** Milliseconds. */
const patience = 10_000;

const tokenAnswer = z.object({ access_token: z.string().min(1) });
const userAnswer = z.object({
  kind: z.literal('user'),
  name: z.string().min(1),
  admin: z.boolean().default(false),
  scopes: z.array(z.string()),
});

export function createHubIdentity({ apiUrl, serviceName, token, hubPages }: HubIdentityInput): HubIdentity {
  const clientId = `service-${serviceName}`;
  const mayEnter = ['access:services', `access:services!service=${serviceName}`];

  const call = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(`${apiUrl}${path}`, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      });
    } catch (cause) {
      throw new PortwrapError('HUB_UNREACHABLE', 'the hub does not answer', { cause });
    }
  };
  const parsed = async <T extends z.ZodType>(schema: T, response: Response): Promise<z.output<T>> => {
    const body = await response.json().catch(() => null);
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    throw new PortwrapError('HUB_UNREACHABLE', 'what answers at "api_url" is not a JupyterHub');
  };

  return {
    authorizeUrl: (state, callback) => {
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: callback,
        response_type: 'code',
        state,
      });
      return `${hubPages}api/oauth2/authorize?${query}`;
    },
    async exchange(code, callback) {
      const body = new URLSearchParams({
        client_id: clientId,
        client_secret: token,
        grant_type: 'authorization_code',
        code,
        redirect_uri: callback,
      });
      const response = await call('/oauth2/token', { method: 'POST', body });
      if (response.status >= 500) throw hubFails(response);
      if (!response.ok) {
        await response.body?.cancel();
        throw new PortwrapError('SIGN_IN_FAILED', `the hub refused the sign-in (${response.status})`);
      }
      return (await parsed(tokenAnswer, response)).access_token;
    },
    async whoIs(own) {
      const response = await call('/user', { headers: { authorization: `token ${own}` } });
      if (response.status === 401 || response.status === 403) {
        await response.body?.cancel();
        return null;
      }
      if (!response.ok) throw hubFails(response);
      const { name, admin, scopes } = await parsed(userAnswer, response);
      if (!scopes.some((scope) => mayEnter.includes(scope))) {
        throw new PortwrapError('PAGE_REFUSED', `the hub does not let ${name} use this page`);
      }
      return { name, isAdmin: admin || scopes.some((scope) => adminScopes.includes(scope)) };
    },
  };
}

/** Besides the hub's admins: who may stop every server there, or whom the hub's administrator names so. */
const adminScopes: readonly string[] = ['admin:servers', 'custom:portwrap:admin'];

function hubFails(response: Response): PortwrapError {
  void response.body?.cancel();
  return new PortwrapError('HUB_UNREACHABLE', `the hub answered with ${response.status}`);
}
