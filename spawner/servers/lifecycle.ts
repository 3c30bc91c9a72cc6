// The steps of a server, for one that is started and for one that is adopted: its profile's launcher does them.
// Not here: their order (server.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Hub, Profile } from '../../config/load.ts';
import type { Launchers } from '../launchers/launcher.ts';
import { logFileOf } from '../logs/files.ts';
import { logTail } from '../logs/tail.ts';
import type { ServerRecord } from '../records/record.ts';
import type { ServerTokens } from '../records/server-tokens.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import type { StartRequest } from '../requests/start-request.ts';
import { chosenOptions } from '../requests/user-options.ts';
import { isBelow, storageFailure } from '../system/storage-failure.ts';
import type { ServerPlan } from './server.ts';

export interface Planner {
  /** For a server that is to be started. Throws what is wrong with the request. */
  start(hub: Hub, profile: Profile, request: StartRequest, record: ServerRecord): ServerPlan;
  /** For a server that an earlier service has started. */
  adopt(profile: Pick<Profile, 'ready_timeout' | 'stop_timeout'>, record: ServerRecord): ServerPlan;
}

const tailLines = 20;

export function createPlanner(
  launchers: Launchers,
  state: Pick<StateDirectory, 'path' | 'logs'>,
  tokens: Pick<ServerTokens, 'keep' | 'forget'>,
): Planner {
  const common = (record: ServerRecord, profile: Pick<Profile, 'ready_timeout' | 'stop_timeout'>) => ({
    record,
    async clean() {
      tokens.forget(record.id);
      await launchers[record.launcher].clean(record);
    },
    lastLines: () => logTail(logFileOf(state, record.id), tailLines),
    logFile: logFileOf(state, record.id),
    readyTimeout: profile.ready_timeout,
    stopTimeout: profile.stop_timeout,
  });
  /** What fails at a file of the state directory is told as that, whoever has touched it. */
  const stored = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (!isBelow(cause, state.path)) throw cause;
      throw storageFailure(cause, 'the files of the server could not be made', state.path);
    }
  };
  return {
    start(hub, profile, request, record) {
      const launcher = launchers[record.launcher];
      if (request.tls !== undefined && !launcher.givesCertificates) throw noCertificate(profile);
      const { environment, resources, job: jobFields } = chosenOptions(profile.options, request.user_options);
      const limited = { ...profile, resources: { ...profile.resources, ...resources } };
      // the plan lives as long as the server; the secrets of its request (tokens, a key) need not
      let pending: StartRequest | null = { ...request, env: { ...request.env, ...environment } };
      return {
        ...common(record, profile),
        isRecorded: false,
        admit: launcher.admit,
        async obtain(abort, steps) {
          if (pending === null) throw new PortwrapError('INTERNAL', 'a server is obtained once');
          const complete = pending;
          pending = null;
          const launch = { hub, profile: limited, request: complete, jobFields, record };
          return stored(async () => {
            tokens.keep(record.id, complete.env);
            return { kind: 'running', server: await launcher.start(launch, abort, steps) };
          });
        },
      };
    },
    adopt: (profile, record) => ({
      ...common(record, profile),
      isRecorded: true,
      admit: async () => () => {},
      obtain: (abort, steps) => stored(async () => launchers[record.launcher].adopt(record, abort, steps)),
    }),
  };
}

function noCertificate({ name }: Profile): PortwrapError {
  return new PortwrapError(
    'TLS_UNSUPPORTED',
    `servers of the profile "${name}" can be given no certificate, and JupyterHub's internal_ssl is on`,
  );
}
