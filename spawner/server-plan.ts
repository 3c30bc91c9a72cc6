// The steps of a server, for one that is started and for one that is adopted. Not here: their order (server.ts).
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../config/errors.ts';
import type { Config, Hub, Profile } from '../config/load.ts';
import {
  adoptSandbox,
  answered,
  createForwarder,
  destroySandbox,
  forwarderNames,
  type LaunchContext,
  launch,
} from '../portwrap/index.ts';
import type { Accounts } from './accounts.ts';
import { logTail } from './log-tail.ts';
import type { Meter } from './meter.ts';
import type { Ports } from './ports.ts';
import type { ServerRecord } from './record.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import type { ServerPlan } from './server.ts';
import { logFileOf } from './server-log.ts';
import type { StartQueue } from './start-queue.ts';
import type { StartRequest } from './start-request.ts';
import type { StateDirectory } from './state-directory.ts';
import { optionEnvironment } from './user-options.ts';

export interface Planner {
  /** For a server that is to be started. Throws what is wrong with the request. */
  start(hub: Hub, profile: Profile, request: StartRequest, record: ServerRecord): ServerPlan;
  /** For a server that an earlier service has started. */
  adopt(profile: Pick<Profile, 'ready_timeout' | 'stop_timeout'>, record: ServerRecord): ServerPlan;
}

export interface PlannerInput {
  readonly hostAddress: Config['ports']['host_address'];
  readonly context: LaunchContext;
  readonly accounts: Accounts;
  readonly state: StateDirectory;
  readonly ports: Ports;
  readonly queue: StartQueue;
  readonly meter: Meter;
}

const tailLines = 20;

export function createPlanner(input: PlannerInput): Planner {
  const { state, context, queue, meter } = input;
  const directoryOf = (id: string) => join(state.sandboxes, id);

  const common = (record: ServerRecord, profile: Pick<Profile, 'ready_timeout' | 'stop_timeout'>) => ({
    record,
    answered: ((sandbox, abort) => {
      const { hostAddress: host, hostPort: port, guestPort, child } = sandbox.record;
      return answered({ host, port, guestPort, child: child.pid, path: record.ready_path }, abort);
    }) satisfies ServerPlan['answered'],
    clean: () => rm(directoryOf(record.id), { recursive: true, force: true }),
    lastLines: () => logTail(logFileOf(state, record.id), tailLines),
    readyTimeout: profile.ready_timeout,
    stopTimeout: profile.stop_timeout,
  });

  return {
    start(hub, profile, request, record) {
      const options = optionEnvironment(profile.options, request.user_options);
      const complete = { ...request, env: { ...request.env, ...options } };
      return {
        ...common(record, profile),
        isRecorded: false,
        admit: (abort, report) =>
          queue.enter(abort, (before) => {
            report({ progress: 0, message: `Waiting for its turn; starts before it: ${before}` });
          }),
        async obtain(abort, report) {
          report({ progress: 5, message: `Starting ${profile.description || profile.name}` });
          const tenant = await input.accounts.resolve(record.user);
          const log = openSync(logFileOf(state, record.id), 'a', 0o600);
          try {
            const spec = await sandboxSpec({
              ...{ request: complete, hub, profile, tenant, log, user: record.user },
              directory: directoryOf(record.id),
              stateDirectory: state.path,
              hostAddress: input.hostAddress,
              hostPorts: input.ports.candidates(),
            });
            report({ progress: 20, message: 'Building the sandbox' });
            return await launch(withForwarder(context, profile.forwarder), spec, abort);
          } finally {
            closeSync(log);
          }
        },
      };
    },
    adopt(profile, record) {
      return {
        ...common(record, profile),
        isRecorded: true,
        admit: async () => () => {},
        async obtain() {
          if (record.sandbox !== null) {
            const found = adoptSandbox(withForwarder(context, record.sandbox.forwarderName), record.sandbox);
            meter.adopted('stop' in found ? 'alive' : 'gone');
            return found;
          }
          await destroySandbox(directoryOf(record.id));
          meter.adopted('gone');
          throw new PortwrapError(
            'SPAWN_CANCELLED',
            'the service was restarted while this server was being started',
            { hint: 'Start it again.' },
          );
        },
      };
    },
  };
}

/** The context for a sandbox with that forwarder; one that is not known any more is attached again as the default. */
function withForwarder(context: LaunchContext, name: string): LaunchContext {
  const known = forwarderNames.find((candidate) => candidate === name);
  return known === undefined
    ? context
    : { ...context, forwarder: createForwarder(known, context.tools, context.asRoot) };
}
