// A launcher with the administrator's commands around it: before a start, and after the end.
// Not here: running one (run-hook.ts), the keys (config/schema/profile/hooks.ts).
import { type PortwrapError, toPortwrapError } from '../../../config/errors.ts';
import type { Profile } from '../../../config/load.ts';
import type { Logger } from '../../../config/logger.ts';
import type { Toolbox } from '../../../portwrap/index.ts';
import { logFileOf } from '../../logs/files.ts';
import { type ServerRecord, serverLabel } from '../../records/record.ts';
import type { RecordedHook } from '../../records/recorded-hook.ts';
import type { StateDirectory } from '../../records/state-directory.ts';
import type { Launcher } from '../launcher.ts';
import type { Accounts, RunAs } from '../run-as.ts';
import { runHook } from './run-hook.ts';

export interface HooksInput {
  readonly tools: Toolbox;
  readonly accounts: Accounts;
  readonly state: Pick<StateDirectory, 'logs'>;
  readonly log: Logger;
}

export function withHooks(launcher: Launcher, input: HooksInput): Launcher {
  const { tools, accounts, state, log } = input;
  return {
    ...launcher,
    async start(launch, abort, steps) {
      const { record, profile } = launch;
      const { before_start: before, after_end: after } = profile.hooks;
      if (before === null && after === null) return launcher.start(launch, abort, steps);
      const runAs = await accounts.resolve(record.user);
      const recorded = (hook: NonNullable<typeof before>) => recordedHook(hook, record, runAs);
      // known before anything of it runs: a service that is killed now leaves it to the next one
      if (after !== null) await steps.keep({ after_end: recorded(after) });
      if (before !== null) {
        steps.report({ progress: 2, message: 'Preparing the server' });
        await runHook({
          ...{ hook: recorded(before), key: 'before_start', tools, abort },
          logFile: logFileOf(state, record.id),
        });
      }
      return launcher.start(launch, abort, steps);
    },
    async clean(record) {
      try {
        await launcher.clean(record);
      } finally {
        await afterEnd(record);
      }
    },
  };

  /** Nobody waits for a success of it: the server has ended. */
  async function afterEnd(record: ServerRecord): Promise<void> {
    const { after_end: hook, id, hub, user } = record;
    if (hook === null) return;
    const never = new AbortController().signal;
    await runHook({
      ...{ hook, key: 'after_end', tools, abort: never, logFile: logFileOf(state, id) },
    }).catch((cause: unknown) => {
      const { code, message, hint }: PortwrapError = toPortwrapError(cause);
      log.warn(
        { hub, user, server: serverLabel(record), code, reason: message, hint },
        'the command after the end of a server failed',
      );
    });
  }
}

/** A command gets no variable of the hub: those have a token. */
function recordedHook(
  hook: NonNullable<Profile['hooks']['before_start']>,
  record: ServerRecord,
  { account, home, environment }: RunAs,
): RecordedHook {
  const isUser = hook.run_as === 'user';
  return {
    ...hook,
    account,
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      ...(isUser ? environment : {}),
      PORTWRAP_HUB: record.hub,
      PORTWRAP_USER: record.user,
      PORTWRAP_SERVER: record.name,
      PORTWRAP_PROFILE: record.profile,
      PORTWRAP_SPAWN_ID: record.spawn_id,
      PORTWRAP_ACCOUNT: environment.USER ?? '',
      PORTWRAP_UID: String(account?.uid ?? process.getuid?.() ?? ''),
      PORTWRAP_GID: String(account?.gid ?? process.getgid?.() ?? ''),
      PORTWRAP_HOME: home,
    },
  };
}
