// Whether, and below which path, browsers open the ports of a server. Not here: who may (page/links/access.ts).
import type { Config } from '../../config/load.ts';
import { pagePath } from '../hubs/page-path.ts';
import { portsPathOf, type ServerRecord } from '../records/record.ts';

/** Without "/" at the end; null: they are not opened. */
export type OfferedPath = (record: ServerRecord) => string | null;

export function createOfferedPath(
  config: () => Pick<Config, 'port_links' | 'admin_page' | 'profiles'>,
): OfferedPath {
  return (record) => {
    const { port_links: links, admin_page: page, profiles } = config();
    if (links === null || page?.hub !== record.hub) return null;
    const profile = profiles.find(({ name }) => name === record.profile);
    return profile?.port_links === true ? portsPathOf(record) : null;
  };
}

/** The path of the page with a person's open ports, which the progress of their starts names; null: there is none. */
export function createPortsPage({ hubs, admin_page: page }: Config, offered: OfferedPath): OfferedPath {
  const hub = hubs.find(({ name }) => name === page?.hub);
  return (record) =>
    page === null || hub === undefined || offered(record) === null ? null : pagePath(hub, page);
}
