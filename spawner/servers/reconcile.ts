// Taking over what a service before this one left: adopts what lives, learns how the rest ended, ends what was
// half-done, removes leftovers that are ours, and leaves alone what is not.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/load.ts';
import { destroySandbox, sweepTemporary, type Toolbox } from '../../portwrap/index.ts';
import type { Launchers } from '../launchers/launcher.ts';
import { logFileOf, removeLog } from '../logs/files.ts';
import { addressOf, isRecordId, type ServerRecord, serverLabel } from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';
import type { ServerTokens } from '../records/server-tokens.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import { endedServer } from './ended-server.ts';
import { urlOf } from './exit-reason.ts';
import type { ServerParts } from './life.ts';
import { runServer } from './server.ts';
import type { Servers } from './servers.ts';

export interface ReconcileInput extends ServerParts {
  readonly config: Config;
  readonly launchers: Launchers;
  readonly servers: Servers;
  readonly state: StateDirectory;
  readonly tools: Toolbox;
  readonly tokens: Pick<ServerTokens, 'forget' | 'retain'>;
}

/** Settles when every record has been read and its server is known; adoption goes on by itself. */
export async function reconcile(input: ReconcileInput): Promise<void> {
  const { records, state, log } = input;
  const { sound, damaged } = await records.load();
  for (const record of sound) adopt(input, record);
  const known = new Set([...sound.map(({ id }) => id), ...damaged]);
  void dropStaleRoutes(input); // whether or not the proxy runs
  await removeStrays(input, known);
  input.tokens.retain(known);
  // those of sandboxes that live are kept, whoever started them
  void sweepTemporary(input.tools).then((removed) => {
    if (removed.length > 0)
      log.info({ directories: removed }, 'removed temporary files that were left behind');
  });
  log.info(
    { servers: sound.length, damaged: damaged.length, directory: state.path },
    'took over what an earlier service left',
  );
}

function adopt(input: ReconcileInput, record: ServerRecord): void {
  const { config, launchers, servers, log } = input;
  if (!config.hubs.some(({ name }) => name === record.hub)) {
    // it lives on, and so does its route; an administrator can see and stop it
    log.error({ hub: record.hub, server: serverLabel(record) }, 'the hub of this server is not configured');
  }
  if (record.state === 'exited') {
    servers.adopt(endedServer(record));
    return;
  }
  // a profile that was removed does not end its servers: only the timeouts are taken from another
  const timeouts = config.profiles.find(({ name }) => name === record.profile) ?? config.profiles[0];
  if (timeouts === undefined) return;
  const launcher = launchers[record.launcher];
  servers.adopt(runServer(input, { record, launcher, launch: null, timeouts }));
}

/** Routes to servers that have ended while no service ran, or that no record knows: other programs may have their ports. */
function dropStaleRoutes({ routes, servers, config, portRoutes }: ReconcileInput): Promise<void> {
  const { host_address: host, range } = config.ports;
  return routes.dropStale({
    isOurs: (target, path) =>
      servers.list().some(({ record }) => {
        if (!isAlive(record.state)) return false;
        if (portRoutes.isOurs(record, target, path)) return true;
        const address = addressOf(record);
        return address !== null && urlOf(record, address) === target;
      }),
    isHostPort: (target) => {
      const url = URL.canParse(target) ? new URL(target) : null;
      const port = Number(url?.port);
      return url?.hostname === host && port >= range.low && port <= range.high;
    },
  });
}

/** Sandboxes and logs without a record are nobody's, since the record is written first. */
async function removeStrays(
  { state, tools, log }: ReconcileInput,
  known: ReadonlySet<string>,
): Promise<void> {
  for (const name of await readdir(state.sandboxes)) {
    if (known.has(name)) continue;
    if (isRecordId(name)) {
      await destroySandbox(tools, join(state.sandboxes, name)).catch((error: unknown) =>
        log.error({ sandbox: name, err: error }, 'a sandbox without a record could not be ended'),
      );
    } else log.warn({ sandbox: name }, 'something that is not ours was left alone');
  }
  for (const name of await readdir(state.logs)) {
    const id = name.slice(0, name.indexOf('.'));
    if (!known.has(id) && isRecordId(id)) await removeLog(logFileOf(state, id));
  }
}
