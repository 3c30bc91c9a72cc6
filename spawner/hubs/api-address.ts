// The address at which the service asks a hub, and what its response says when the address is wrong: a hub with a
// base_url redirects whatever is outside of it.
// Not here: the requests (hub-api.ts, ../page/auth/hub-identity.ts, ../commands/doctor/hub-url.ts).

/** What of a hub says where its API is. */
export interface ApiAddress {
  readonly api_url: string;
  readonly public_api_url: string | null;
}

/** Where the service itself asks the API of this hub. Servers ask at `api_url`. */
export function askedAt({ api_url, public_api_url }: ApiAddress): string {
  return public_api_url ?? api_url;
}

/** As a sentence; null: the response does not look so. */
export function wrongApiUrl(apiUrl: string, status: number): string | null {
  const isRedirect = status >= 300 && status < 400;
  if (!isRedirect && status !== 404 && status !== 405) return null;
  return `the hub has no API at ${apiUrl} (HTTP ${status}): this URL must contain the base_url of the hub, as in ${exampleOf(apiUrl)}`;
}

function exampleOf(apiUrl: string): string {
  return `${new URL(apiUrl).origin}/jupyter/hub/api`;
}
