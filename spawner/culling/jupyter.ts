// Reads a Jupyter server's own activity, through its forward and with its own token: last activity, kernels,
// terminals. Own requests, since @jupyterlab/services costs the service 18 MB and 150 ms of CPU time for one list, and
// its requests count as activity of the user. Not here: the rules (rules.ts), when to poll (watch.ts).
import { z } from 'zod';
import { type BoundedGet, boundedGet, singleConnection } from '../system/bounded-get.ts';

export const activitySchema = z.object({
  kernels: z.int(),
  /** Kernels that are executing code. */
  busy: z.int(),
  terminals: z.int(),
  /** Open WebSockets to kernels. */
  connections: z.int(),
});
export type Activity = Readonly<z.infer<typeof activitySchema>>;

export type Answer =
  | { readonly kind: 'jupyter'; readonly lastActivity: string; readonly activity: Activity }
  /** It responds, but is not a Jupyter server. */
  | { readonly kind: 'other' }
  /** It does not respond, or it refuses our request. */
  | { readonly kind: 'unknown'; readonly reason: string };

const statusSchema = z.object({
  last_activity: z.iso.datetime({ offset: true }),
  kernels: z.int().nonnegative(),
  connections: z.int().nonnegative(),
});

/** The fields read here of https://jupyter-server.readthedocs.io/en/stable/developers/rest-api.html. */
const kernelsSchema = z.array(z.object({ execution_state: z.string().optional() }));
const terminalsSchema = z.array(z.unknown()).catch([]);

const timeout = 10_000;
const mostBytes = 1_048_576;

/** `base` is the URL of the server, with its prefix and a trailing slash. Never rejects. */
export async function askJupyter(base: string, token: string | null): Promise<Answer> {
  const agent = singleConnection(base);
  const authorization = token === null ? {} : { authorization: `token ${token}` };
  const bounds: BoundedGet = { headers: authorization, timeout, mostBytes, agent };
  try {
    const { status, text } = await boundedGet(`${base}api/status`, bounds);
    // 403: a Jupyter server that refuses our token; 5xx: one that cannot reach its hub, or is failing
    if (status === 403 || status >= 500)
      return { kind: 'unknown', reason: `it responded with HTTP ${status}` };
    const found = status === 200 ? statusSchema.safeParse(parsed(text)) : null;
    if (!found?.success) return { kind: 'other' };
    const { last_activity, kernels, connections } = found.data;
    const list = <T>(path: string, schema: z.ZodType<T>) => untracked(`${base}api/${path}`, schema, bounds);
    const states = kernels === 0 ? [] : await list('kernels', kernelsSchema);
    const activity = {
      kernels: states.length,
      busy: states.filter(({ execution_state: state }) => state === 'busy').length,
      terminals: (await list('terminals', terminalsSchema)).length,
      connections,
    };
    return { kind: 'jupyter', lastActivity: new Date(last_activity).toISOString(), activity };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  } finally {
    agent.destroy();
  }
}

/** Fetches a list of Jupyter's without counting as activity of the user; a 404 counts as an empty list. */
async function untracked<T>(url: string, schema: z.ZodType<T>, bounds: BoundedGet): Promise<T> {
  const { status, text } = await boundedGet(`${url}?no_track_activity=1`, bounds);
  if (status === 404) return schema.parse([]);
  if (status !== 200) throw new Error(`the response to ${new URL(url).pathname} was HTTP ${status}`);
  const list = schema.safeParse(parsed(text));
  if (!list.success) throw new Error(`the response to ${new URL(url).pathname} is not a list`);
  return list.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
