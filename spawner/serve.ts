// The service, composed: from a configuration to a listening process, and back to nothing. Servers live on
// when it ends. Not here: argv and signals (main.ts).
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import type { Config } from '../config/load.ts';
import type { Logger } from '../config/logger.ts';
import { bootId, createSlirp4netns, createToolbox, findCgroupRoot, ownAddresses } from '../portwrap/index.ts';
import { createAccounts } from './accounts.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import { createPorts } from './ports.ts';
import { openRecords } from './records.ts';
import { createRoutes, noRoutes } from './routes.ts';
import { createServers } from './servers.ts';
import { openStateDirectory } from './state-directory.ts';

export interface Service {
  /** Where it listens. */
  readonly address: string;
  close(): Promise<void>;
}

export interface ServeInput {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
}

/** Throws PortwrapError when it cannot start; then nothing of it is left but the state directory. */
export async function serve({ config, version, log }: ServeInput): Promise<Service> {
  const tools = createToolbox();
  const me = userInfo();
  const own = {
    name: me.username,
    uid: me.uid,
    gid: me.gid,
    home: me.homedir,
    shell: me.shell ?? '/bin/sh',
    listed: true,
  };
  const asRoot = own.uid === 0;
  const accounts = createAccounts(config.accounts, tools, own);
  const state = openStateDirectory(config.service.state_dir);
  const routes = config.proxy === null ? noRoutes : createRoutes(config.proxy, log);
  const servers = createServers({
    ...{ config, accounts, state, routes, log },
    records: openRecords(state.records, log),
    ports: createPorts(config.ports.range),
    context: {
      ...{ tools, asRoot, hostAddresses: ownAddresses(), cgroups: findCgroupRoot() },
      forwarder: createSlirp4netns(tools, asRoot),
      report: (directory, { kind, error }) =>
        log.warn({ sandbox: basename(directory), forwarder: kind, err: error }, 'a forwarder died'),
    },
  });
  let ready = false;
  const app = createApp({
    ...{ servers, version, log },
    hubs: config.hubs,
    incarnation: { state_id: state.stateId, boot_id: bootId() },
    isReady: () => ready,
  });
  try {
    const listener = await listen(config.service.listen, app);
    await servers.reconcile();
    ready = true;
    return {
      address: listener.address,
      async close() {
        await listener.close();
        servers.leave();
        routes.close();
        await state.close();
      },
    };
  } catch (error) {
    routes.close();
    await state.close();
    throw error;
  }
}
