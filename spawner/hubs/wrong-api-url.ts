// What a hub's response says about a wrong `hubs[].api_url`: a hub with a base_url redirects whatever is outside of it.
// Not here: the requests (hub-api.ts, ../page/auth/hub-identity.ts, ../commands/doctor/hub-url.ts).

/** As a sentence; null: the response does not look so. */
export function wrongApiUrl(apiUrl: string, status: number): string | null {
  const isRedirect = status >= 300 && status < 400;
  if (!isRedirect && status !== 404 && status !== 405) return null;
  return `the hub has no API at ${apiUrl} (HTTP ${status}): "api_url" must contain the base_url of the hub, as in ${exampleOf(apiUrl)}`;
}

function exampleOf(apiUrl: string): string {
  return `${new URL(apiUrl).origin}/jupyter/hub/api`;
}
