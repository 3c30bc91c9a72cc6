// What a Jupyter server says of itself, through its forward and with its own token: last activity, kernels,
// terminals. Not here: what follows from it (verdict.ts), when it is asked (watch.ts).
import type { ServerConnection } from '@jupyterlab/services';
import { z } from 'zod';
import { type BoundedGet, boundedGet, singleConnection } from '../bounded-get.ts';

export const activitySchema = z.object({
  kernels: z.int(),
  /** Kernels that run something. */
  busy: z.int(),
  terminals: z.int(),
  /** WebSockets that are open to kernels. */
  connections: z.int(),
});
export type Activity = Readonly<z.infer<typeof activitySchema>>;

export type Answer =
  | { readonly kind: 'jupyter'; readonly lastActivity: string; readonly activity: Activity }
  /** It answers, and is something else. */
  | { readonly kind: 'other' }
  /** It does not answer, or not to us. */
  | { readonly kind: 'unknown'; readonly reason: string };

const statusSchema = z.object({
  last_activity: z.iso.datetime({ offset: true }),
  kernels: z.int().nonnegative(),
  connections: z.int().nonnegative(),
});

const timeout = 10_000;
const mostBytes = 1_048_576;

/** `base` is the URL of the server, with its prefix and a slash at its end. Never rejects. */
export async function askJupyter(base: string, token: string | null, abort: AbortSignal): Promise<Answer> {
  const agent = singleConnection();
  const authorization = token === null ? {} : { authorization: `token ${token}` };
  const bounds: BoundedGet = { headers: authorization, timeout, mostBytes, agent, abort };
  try {
    const { status, text } = await boundedGet(`${base}api/status`, bounds);
    // 403: a Jupyter server that does not take our token; 5xx: one that cannot ask its hub, or is failing
    if (status === 403 || status >= 500) return { kind: 'unknown', reason: `it answered with ${status}` };
    const found = status === 200 ? statusSchema.safeParse(parsed(text)) : null;
    if (!found?.success) return { kind: 'other' };
    const { last_activity, kernels, connections } = found.data;
    const api = await openApi(base, bounds);
    const states = kernels === 0 ? [] : await api.kernelStates();
    const activity = {
      kernels: states.length,
      busy: states.filter((state) => state === 'busy').length,
      terminals: await api.terminals(),
      connections,
    };
    return { kind: 'jupyter', lastActivity: new Date(last_activity).toISOString(), activity };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  } finally {
    agent.destroy();
  }
}

/** The two lists of the REST API that we need. They reject when there is no sound answer. */
async function openApi(base: string, bounds: BoundedGet) {
  // these two files of it: 11 MB and 45 ms of CPU time, the whole of it 20 MB and 150 ms
  const { listRunning } = await import('@jupyterlab/services/lib/kernel/restapi.js');
  const { ServerConnection } = await import('@jupyterlab/services/lib/serverconnection.js');
  const settings = ServerConnection.makeSettings({
    ...{ baseUrl: base, wsUrl: base.replace(/^http/, 'ws'), token: '', appendToken: false },
    fetch: untracked(bounds) as ServerConnection.ISettings['fetch'],
    Request: Request as ServerConnection.ISettings['Request'],
    Headers: Headers as ServerConnection.ISettings['Headers'],
  });
  return {
    kernelStates: async () => (await listRunning(settings)).map((kernel) => kernel.execution_state),
    async terminals() {
      const answer = await ServerConnection.makeRequest(`${base}api/terminals`, {}, settings);
      const terminals: unknown = await answer.json();
      return Array.isArray(terminals) ? terminals.length : 0;
    },
  };
}

/** A fetch whose requests do not count as activity of the user. A list that is not there is an empty one. */
function untracked(bounds: BoundedGet) {
  return async ({ url }: Request): Promise<Response> => {
    const address = new URL(url);
    address.searchParams.set('no_track_activity', '1');
    const { status, text } = await boundedGet(address.href, bounds);
    if (status === 404) return Response.json([]);
    if (status !== 200) throw new Error(`${address.pathname} was answered with ${status}`);
    return new Response(text);
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
