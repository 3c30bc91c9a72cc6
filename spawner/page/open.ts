// The page of a configuration: none, or where it listens and what answers there. Not here: listening (service.ts).
import type { Express } from 'express';
import type { Config, ListenAddress } from '../../config/load.ts';
import { keepUsageHistory } from '../usage/history.ts';
import { createPage, type PageInput } from './app.ts';

export interface Page {
  readonly address: ListenAddress;
  readonly app: Express;
  close(): void;
}

export function openPage(
  { admin_page: page, hubs }: Config,
  around: Omit<PageInput, 'page' | 'hub' | 'history'>,
): Page | null {
  // the schema has seen to it that the hub is there
  const hub = hubs.find(({ name }) => name === page?.hub);
  if (page === null || hub === undefined) return null;
  const history = keepUsageHistory(around.servers, around.usage);
  return { address: page.listen, app: createPage({ ...around, page, hub, history }), close: history.close };
}
