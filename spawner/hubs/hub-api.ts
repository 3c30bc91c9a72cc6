// Which servers a JupyterHub knows, from its REST API. A response that is incomplete or malformed is an error.
// Not here: stopping servers that it does not know (orphans.ts).
import { z } from 'zod';
import { boundedGet, singleConnection } from '../system/bounded-get.ts';
import { wrongApiUrl } from './api-address.ts';

export interface HubServers {
  /** The server names of each user of whom a server is active: it runs, or a start or stop of it is pending. */
  active(): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  /** The names of one user's active servers: none when the user is not known. */
  of(user: string): Promise<ReadonlySet<string>>;
  close(): void;
}

const needed = ['list:users', 'read:servers'];
const timeout = 30_000;
const mostBytes = 33_554_432;
const pageSize = 100;
const mostPages = 10_000;

const selfSchema = z.object({ scopes: z.array(z.string()) });
const userSchema = z.object({
  name: z.string(),
  servers: z.record(z.string(), z.object({ name: z.string() })),
});
const pageSchema = z.object({
  items: z.array(userSchema),
  _pagination: z.object({ next: z.object({ offset: z.int().positive() }).nullable() }),
});

/** Every call rejects when the hub is unreachable or its response is invalid. `apiUrl`: see askedAt(). */
export async function askHub(apiUrl: string, token: string): Promise<HubServers> {
  const agent = singleConnection(apiUrl);
  const headers = { authorization: `token ${token}`, accept: 'application/jupyterhub-pagination+json' };
  const ask = (path: string) => boundedGet(apiUrl + path, { headers, timeout, mostBytes, agent });
  const get = async (path: string) => {
    const { status, text } = await ask(path);
    if (status !== 200 && status !== 404) throw wrongStatus(path, status);
    return status === 404 ? null : (JSON.parse(text) as unknown);
  };
  try {
    const { status, text } = await ask('/user');
    const misplaced = wrongApiUrl(apiUrl, status);
    if (misplaced !== null) throw new Error(misplaced);
    if (status !== 200) throw wrongStatus('/user', status);
    requireScopes(selfSchema.parse(JSON.parse(text)).scopes);
  } catch (error) {
    agent.destroy();
    throw error;
  }
  return {
    async active() {
      const found = new Map<string, ReadonlySet<string>>();
      let offset = 0;
      for (let pages = 0; pages < mostPages; pages += 1) {
        const page = pageSchema.parse(await get(`/users?state=active&offset=${offset}&limit=${pageSize}`));
        for (const user of page.items) found.set(user.name, namesOf(user));
        const { next } = page._pagination;
        if (next === null) return found;
        if (next.offset <= offset) break;
        offset = next.offset;
      }
      throw new Error('the list of users does not end');
    },
    async of(user) {
      const answer = await get(`/users/${encodeURIComponent(user)}`);
      return answer === null ? new Set() : namesOf(userSchema.parse(answer));
    },
    close: () => agent.destroy(),
  };
}

function wrongStatus(path: string, status: number): Error {
  return new Error(`the response to ${path} was HTTP ${status}`);
}

/** One that is narrowed, such as list:users!group=x, hides the others as if they did not exist. */
function requireScopes(scopes: readonly string[]): void {
  const missing = needed.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) throw new Error(`the token has no scope ${missing.join(' and ')} for all users`);
}

function namesOf({ servers }: z.infer<typeof userSchema>): ReadonlySet<string> {
  return new Set(Object.keys(servers));
}
