// Whether the API of each hub is where the service asks it, and where it is if not.
// Not here: who can reach it (host.ts).
import { z } from 'zod';
import type { ConfigFile } from '../../../config/load.ts';
import { type Check, failed, ok } from '../../../portwrap/index.ts';
import { type ApiAddress, askedAt, wrongApiUrl } from '../../hubs/api-address.ts';
import { type BoundedAnswer, boundedGet } from '../../system/bounded-get.ts';

/** No check of a hub that does not run, or that asks for a certificate (internal_ssl without a public_api_url). */
export async function collectHubUrlChecks({ hubs }: Pick<ConfigFile, 'hubs'>): Promise<Check[]> {
  const checks = await Promise.all(hubs.map(checkHub));
  return checks.filter((check) => check !== null);
}

async function checkHub(hub: ApiAddress & { readonly name: string }): Promise<Check | null> {
  const key = hub.public_api_url === null ? 'api_url' : 'public_api_url';
  const apiUrl = askedAt(hub);
  const name = `${key} of hub ${hub.name}`;
  const answer = await get(`${apiUrl}/`);
  if (answer === null) return null;
  if (versionOf(answer.text) !== null) return ok(name, `JupyterHub ${versionOf(answer.text)} responds`);
  const what = wrongApiUrl(apiUrl, answer.status);
  if (what === null) return null; // hubs that are not JupyterHub need no API
  const right = await findApi(new URL(apiUrl).origin);
  const why = 'The admin page cannot sign anybody in, and the reaper cannot compare servers.';
  const fix = right === null ? `Correct "${key}" of this hub.` : `${key}: ${right}`;
  return failed(name, what, why, fix);
}

/** A hub redirects "/" to its base_url. */
async function findApi(origin: string): Promise<string | null> {
  const { location = '' } = (await get(`${origin}/`)) ?? {};
  const { pathname } = new URL(location, origin);
  const base = /^(.*\/hub)(?:\/|$)/.exec(pathname)?.[1];
  if (base === undefined) return null;
  const url = `${origin}${base}/api`;
  const answer = await get(`${url}/`);
  return answer !== null && versionOf(answer.text) !== null ? url : null;
}

function versionOf(text: string): string | null {
  try {
    return z.object({ version: z.string().max(40) }).parse(JSON.parse(text)).version;
  } catch {
    return null;
  }
}

/** Milliseconds. */
const timeout = 5_000;
const mostBytes = 65_536;

async function get(url: string): Promise<BoundedAnswer | null> {
  return boundedGet(url, { headers: {}, timeout, mostBytes }).catch(() => null);
}
