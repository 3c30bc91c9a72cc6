// What a Jupyter server says of itself, through its forward and with its own token: last activity, kernels,
// terminals. Not here: what follows from it (rules.ts), when it is asked (watch.ts).
import type { ServerConnection } from '@jupyterlab/services';
import { z } from 'zod';
import { type BoundedGet, boundedGet, singleConnection } from '../system/bounded-get.ts';

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
export async function askJupyter(base: string, token: string | null): Promise<Answer> {
  const agent = singleConnection(base);
  const authorization = token === null ? {} : { authorization: `token ${token}` };
  const bounds: BoundedGet = { headers: authorization, timeout, mostBytes, agent };
  try {
    const { status, text } = await boundedGet(`${base}api/status`, bounds);
    // 403: a Jupyter server that does not take our token; 5xx: one that cannot ask its hub, or is failing
    if (status === 403 || status >= 500) return { kind: 'unknown', reason: `it answered with ${status}` };
    const found = status === 200 ? statusSchema.safeParse(parsed(text)) : null;
    if (!found?.success) return { kind: 'other' };
    const { last_activity, kernels, connections } = found.data;
    const states = kernels === 0 ? [] : await kernelStates(base, bounds);
    const activity = {
      kernels: states.length,
      busy: states.filter((state) => state === 'busy').length,
      terminals: await countTerminals(base, bounds),
      connections,
    };
    return { kind: 'jupyter', lastActivity: new Date(last_activity).toISOString(), activity };
  } catch (error) {
    return { kind: 'unknown', reason: (error as Error).message };
  } finally {
    agent.destroy();
  }
}

/** Rejects when there is no sound list. */
async function kernelStates(base: string, bounds: BoundedGet): Promise<(string | undefined)[]> {
  // these two files of it, when there is a kernel at all: 11 MB and 45 ms of CPU time; all of it: 20 MB and 150 ms
  const { listRunning } = await import('@jupyterlab/services/lib/kernel/restapi.js');
  const { ServerConnection } = await import('@jupyterlab/services/lib/serverconnection.js');
  const settings = ServerConnection.makeSettings({
    ...{ baseUrl: base, wsUrl: base.replace(/^http/, 'ws'), token: '', appendToken: false },
    fetch: (async ({ url }: Request) => new Response(await untracked(url, bounds))) as typeof fetch,
    Request: Request as ServerConnection.ISettings['Request'],
    Headers: Headers as ServerConnection.ISettings['Headers'],
  });
  return (await listRunning(settings)).map(({ execution_state: state }) => state);
}

/** The package asks for terminals only where a page of JupyterLab has told it that there are any. */
async function countTerminals(base: string, bounds: BoundedGet): Promise<number> {
  const terminals = parsed(await untracked(`${base}api/terminals`, bounds));
  return Array.isArray(terminals) ? terminals.length : 0;
}

/** A list of Jupyter's, asked for without counting as activity of the user; one that is not there is empty. */
async function untracked(url: string, bounds: BoundedGet): Promise<string> {
  const { status, text } = await boundedGet(
    `${url}${url.includes('?') ? '&' : '?'}no_track_activity=1`,
    bounds,
  );
  if (status === 200) return text;
  if (status === 404) return '[]';
  throw new Error(`${new URL(url).pathname} was answered with ${status}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
