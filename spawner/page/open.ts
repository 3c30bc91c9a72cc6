// The page of a configuration: none, or where it and the ports of servers listen, and what answers there. Not here: listening (service.ts).
import type { Express } from 'express';
import type { Config, ListenAddress } from '../../config/load.ts';
import { keepUsageHistory } from '../usage/history.ts';
import { createPage, type PageInput } from './app.ts';
import type { Gateway } from './links/gateway.ts';

export interface Page {
  readonly address: ListenAddress;
  readonly app: Express;
  /** null: ports are not opened to browsers. */
  readonly ports: { readonly address: ListenAddress; readonly gateway: Gateway } | null;
  close(): void;
}

export function openPage(
  { admin_page: page, port_links: links, hubs }: Config,
  around: Omit<PageInput, 'page' | 'hub' | 'history'>,
): Page | null {
  // the schema has seen to it that the hub is there
  const hub = hubs.find(({ name }) => name === page?.hub);
  if (page === null || hub === undefined) return null;
  const history = keepUsageHistory(around.servers, around.usage);
  const { app, gateway } = createPage({ ...around, page, hub, history });
  return {
    ...{ address: page.listen, app },
    ports: gateway === null || links === null ? null : { address: links.listen, gateway },
    close() {
      history.close();
      gateway?.close();
    },
  };
}
