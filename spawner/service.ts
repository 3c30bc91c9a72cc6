// Composes the service from a configuration, and closes it. Servers keep running when it
// ends, unless the configuration says otherwise. Not here: argv and signals (main.ts, commands/).
import { createCurrentConfig, type Reload } from '../config/current-config.ts';
import type { Config } from '../config/load.ts';
import type { Logger } from '../config/logger.ts';
import {
  bootId,
  createToolbox,
  ownAccount,
  ownAddresses,
  startRelay,
  withDeadline,
} from '../portwrap/index.ts';
import { openAudit } from './audit/audit.ts';
import { openNotes } from './culling/activity-store.ts';
import { systemClock } from './culling/clock.ts';
import { notUsed } from './culling/link-use.ts';
import { createActivityWatch } from './culling/watch.ts';
import { createDoors } from './doors/doors.ts';
import { watchHealth } from './health/health.ts';
import { checkStorage, storageLate } from './health/storage-health.ts';
import { checkTerminals } from './health/terminals.ts';
import { createApp } from './http/app.ts';
import { type Listener, listen } from './http/listen.ts';
import { metricsListener } from './http/metrics-listener.ts';
import { type OrphanCleanup, startOrphanCleanup } from './hubs/orphans.ts';
import { createAccounts } from './launchers/accounts.ts';
import { controlGroupsLate, openControlGroups } from './launchers/control-groups.ts';
import { withHooks } from './launchers/hooks/with-hooks.ts';
import { createLocalLauncher } from './launchers/local.ts';
import { createPorts } from './launchers/ports.ts';
import { totalLimits } from './launchers/sandbox-spec.ts';
import { openSlurm } from './launchers/slurm/open.ts';
import { reportBounds } from './launchers/slurm/reports/reports.ts';
import { createLogReader } from './logs/reader.ts';
import { startLogRotation } from './logs/rotation.ts';
import { endServersInTime } from './maintenance/end-servers.ts';
import { openMaintenance } from './maintenance/maintenance.ts';
import { createMetrics } from './metrics/metrics.ts';
import { composeOpenPorts } from './open-ports/compose.ts';
import { createForkServers } from './preload/fork-servers.ts';
import type { ServerRecord } from './records/record.ts';
import { openRecords } from './records/records.ts';
import { isAlive, type ServerState } from './records/server-state.ts';
import { openServerTokens } from './records/server-tokens.ts';
import { openStateDirectory } from './records/state-directory.ts';
import { createRelays } from './relays/relays.ts';
import { createPersonOf } from './requests/person.ts';
import { createRoutes, noRoutes } from './routes/routes.ts';
import { reconcile } from './servers/reconcile.ts';
import { createServers, type Servers } from './servers/servers.ts';
import { createStartQueue } from './servers/start-queue.ts';
import { createUsageReadings } from './usage/cache.ts';
import { withJobReadings } from './usage/job-readings.ts';
import { openPortNumbersOf } from './usage/observe.ts';

export interface Service {
  /** Where it listens. */
  readonly address: string;
  /** Reads the configuration again. Throws if it has errors, and keeps the old one. */
  reload(): Promise<Reload>;
  close(): Promise<void>;
}

export interface ServeInput {
  readonly config: Config;
  /** Reads the configuration file again. */
  readonly readConfig: () => Config;
  readonly version: string;
  readonly log: Logger;
}

/** Throws PortwrapError when it cannot start; then it has released everything, and only the state directory exists. */
export async function serve({ config: first, readConfig, version, log }: ServeInput): Promise<Service> {
  // a service without the page does without them; a reload cannot add it
  const pageModules = first.admin_page === null ? undefined : await import('./page/open.ts');
  const tools = createToolbox();
  const own = ownAccount();
  const asRoot = own.uid === 0;
  const current = createCurrentConfig(first);
  const config = current.get;
  const accounts = createAccounts(first.accounts, tools, own);
  const state = openStateDirectory(first.service.state_dir);
  const routes =
    first.proxy === null ? noRoutes : createRoutes({ proxy: first.proxy, mark: state.stateId, log });
  const records = openRecords(state.records, log);
  const ports = createPorts(first.ports.range);
  const queue = createStartQueue(() => config().limits.concurrent_starts);
  const meter = createMetrics({
    servers: () => countStates(servers),
    queued: () => queue.waiting,
    freePorts: () => ports.free(),
    activity: () => watch.totals(),
    health: () => health.report(),
    maintenance: () => maintenance.view().state === 'on',
  });
  const cgroups = await openControlGroups(tools, log, () => totalLimits(config().limits));
  const context = { tools, asRoot, hostAddresses: ownAddresses, cgroups };
  const forkServers = createForkServers({
    ...{ tools, directory: state.forkServers, config, log },
    outlive: cgroups.outlive,
  });
  const local = createLocalLauncher({
    ...{ context, cgroups, accounts, state, ports, meter, forkServers },
    hostAddress: first.ports.host_address,
    privateFiles: () => config().private_files,
    gpus: () => config().gpus,
  });
  const doors = createDoors({ asRoot, stateId: state.stateId, log });
  const tokens = openServerTokens(state);
  let ready = false;
  const slurm = openSlurm({
    ...{ accounts, state, meter, tools, log },
    slurm: first.slurm,
    hostPorts: first.ports.range,
    isReady: () => ready,
  });
  const hooks = { tools, accounts, state, log };
  const launchers = {
    local: withHooks(doors.guard(local), hooks),
    slurm: withHooks(slurm.launcher, hooks),
  };
  const maintenance = openMaintenance(state.path, log);
  const audit = openAudit(first.service.audit, log);
  const links = first.port_links;
  const relays =
    links === null
      ? null
      : createRelays({
          directory: state.relays,
          start: (request) => startRelay({ ...request, asRoot }),
          openPorts: openPortNumbersOf,
          idleTimeout: links.idle_timeout * 1000,
          log,
        });
  const openPorts = composeOpenPorts({
    ...{ first, config, relays, routes, directory: state.path, audit, log },
    records: () => runningRecords(servers),
  });
  const parts = { records, routes, ...openPorts, queue, tokens, state, meter, audit, log };
  const servers = createServers({ ...parts, config, launchers });
  const watch = createActivityWatch({
    ...{ servers, config, routes, tokens, log, clock: systemClock },
    notes: openNotes(state, bootId(), log),
    useOf: (id) => page?.ports?.gateway.useOf(id) ?? notUsed,
  });
  const rotation = startLogRotation(state, () => config().service.log_bytes, log);
  const health = watchHealth({
    looks: {
      'state directory': { look: () => checkStorage(state, records), late: storageLate(state) },
      'control groups': { look: () => cgroups.look(config().profiles), late: controlGroupsLate },
      terminals: { look: () => checkTerminals() },
    },
    log,
  });
  const vitals = { isReady: () => ready, health: health.report, metrics: meter.text };
  const reload = async (): Promise<Reload> => {
    const outcome = current.replace(readConfig());
    log.level = config().service.log_level;
    audit.reopen();
    forkServers.prepare();
    const { refusal } = await cgroups.root();
    if (refusal !== undefined)
      log.error({ code: refusal.code, reason: refusal.message }, 'no server can be started');
    log.info(outcome, 'configuration reloaded');
    return outcome;
  };
  const logs = createLogReader(state);
  const usage = withJobReadings(createUsageReadings(), { source: slurm.jobUsage, log });
  const app = createApp({
    ...{ servers, version, log, reload, ...vitals },
    hubs: () => config().hubs,
    profiles: () => config().profiles,
    gpus: () => config().gpus,
    personOf: createPersonOf(() => config().profiles, accounts.groupsOf),
    ...{ adminToken: state.adminToken, maintenance, audit },
    hostAddress: first.ports.host_address,
    serviceIdentity: { state_id: state.stateId, boot_id: bootId() },
    ...{ logs, usage, ...openPorts },
    activityOf: watch.of,
  });
  const page = pageModules?.openPage(first, {
    ...{ servers, logs, usage, version, log, relays, isReady: vitals.isReady, activityOf: watch.of },
    routeTable: routes.table,
    profiles: () => config().profiles,
    ...{ maintenance: maintenance.view, audit, ...openPorts },
  });
  const listeners: Listener[] = [];
  let orphanCleanup: OrphanCleanup | undefined;
  let endMaintenanceTimer = () => {};
  const letGo = async () => {
    orphanCleanup?.close();
    endMaintenanceTimer();
    rotation.close();
    page?.close();
    health.close();
    for (const listener of listeners) await listener.close();
    await relays?.close();
    if (ready && config().service.stop_servers_on_exit) await servers.stopAll();
    // without a server nobody may come back for them
    forkServers.close(servers.list().every(({ record }) => record.state === 'exited'));
    servers.leave();
    doors.close();
    routes.close();
    slurm.close();
    cgroups.close();
    // a late write may be lost: the service must survive a kill at any moment anyway
    await inTime(log, 'save the activity of servers', watch.close());
    await inTime(log, 'write the audit trail', audit.close());
    await inTime(log, 'release the state directory', state.close());
  };
  try {
    listeners.push(await listen(first.service.listen, app));
    const { metrics_listen: separate } = first.service;
    if (separate !== null) listeners.push(await listen(separate, metricsListener(vitals)));
    if (page) listeners.push(await listen(page.address, page.app, 'admin_page.listen'));
    if (page?.ports) {
      const { address, gateway } = page.ports;
      listeners.push(
        await listen(address, gateway.request, 'port_links.listen', linkBounds, gateway.upgrade),
      );
    }
    const { report_listen: reports } = first.slurm;
    if (reports !== null) {
      listeners.push(await listen(reports, slurm.reports, 'slurm.report_listen', reportBounds));
    }
    await reconcile({ ...parts, config: first, launchers, servers, tools });
    forkServers.prepare();
    watch.begin();
    orphanCleanup = startOrphanCleanup({ servers, config, log });
    endMaintenanceTimer = endServersInTime({ maintenance, servers, log });
    ready = true;
    return { address: listeners[0]?.address ?? '', reload, close: letGo };
  } catch (error) {
    await letGo();
    throw error;
  }
}

/** Uploads and downloads may take as long as they take. */
const linkBounds = { connections: 10_000, headersTimeout: 20_000, requestTimeout: 0, maxHeaderSize: 65_536 };

/** Milliseconds to wait for a file system when the service ends. */
const lastWrite = 3_000;

async function inTime(log: Logger, what: string, work: Promise<void>): Promise<void> {
  const late = () => new Error(`the file system did not respond within ${lastWrite / 1000} s`);
  await withDeadline(work, lastWrite, late).catch((error: Error) =>
    log.warn({ reason: error.message }, `could not ${what}`),
  );
}

function runningRecords(servers: Servers): readonly ServerRecord[] {
  return servers.list().flatMap(({ record }) => (isAlive(record.state) ? [record] : []));
}

function countStates(servers: Servers): Record<ServerState, number> {
  const counts = { starting: 0, ready: 0, stopping: 0, exited: 0 };
  for (const { record } of servers.list()) counts[record.state] += 1;
  return counts;
}
