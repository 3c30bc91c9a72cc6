// Where the admin page is on the hub's host, with "/" at both ends: below the path before "hub/api" of the hub's API.
import type { AdminPage, Hub } from '../../config/load.ts';

export function pagePath(
  { api_url: apiUrl }: Pick<Hub, 'api_url'>,
  page: Pick<AdminPage, 'service_name'>,
): string {
  return `${basePath(apiUrl)}services/${page.service_name}/`;
}

/** The base_url of the hub, with "/" at both ends. */
export function basePath(apiUrl: string): string {
  return new URL(apiUrl).pathname.replace(/hub\/api$/, '');
}
