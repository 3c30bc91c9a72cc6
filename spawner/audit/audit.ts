// The audit trail: one JSON line for each start, stop, end, sign-in, shared port and action of an administrator. It never contains an
// environment, a token or the output of a server. Not here: when something is recorded (http/, servers/, page/, shares/).
import type { Logger } from '../../config/logger.ts';
import { openLogFile } from '../../config/system/log-file.ts';
import type { ServerRecord } from '../records/record.ts';
import { openSyslog } from './syslog.ts';

/** What happened. `by` is who asked: hub NAME, administrator (by the token in the state directory), or user NAME (on the admin page). */
export type AuditEntry =
  | (OfServer & {
      readonly event: 'start';
      readonly by: string;
      readonly profile: string | null;
      /** As the user sent them. */
      readonly choices: Readonly<Record<string, unknown>>;
      /** Of a start that was accepted: the value of each option, with those by default. */
      readonly settings?: Readonly<Record<string, string>>;
      /** What the server may use: bytes, a number of CPUs (null: no limit), and its GPUs. */
      readonly limits?: ServerRecord['limits'] & Pick<ServerRecord, 'gpus'>;
      /** accepted, repeated, or the code of the refusal. */
      readonly result: string;
      readonly reason?: string;
    })
  | (OfServer & Placed & { readonly event: 'ready'; readonly profile: string })
  | (OfServer & { readonly event: 'stop'; readonly by: string; readonly now: boolean })
  | (OfServer & {
      readonly event: 'end';
      readonly profile: string;
      /** Its error code, or none. */
      readonly result: string;
      readonly reason: string;
    })
  | (OfServer & {
      readonly event: 'share';
      readonly by: string;
      readonly port: number;
      readonly users: readonly string[];
      readonly groups: readonly string[];
      readonly everybody: boolean;
      readonly until: string;
      /** accepted, or the code of the refusal. */
      readonly result: string;
    })
  | (OfServer & { readonly event: 'unshare'; readonly by: string; readonly port: number })
  | {
      readonly event: 'sign-in' | 'sign-out';
      readonly by: string;
      readonly hub: string;
      readonly admin: boolean;
    }
  | { readonly event: 'reload'; readonly by: string; readonly result: string }
  | {
      readonly event: 'maintenance';
      readonly by: string;
      readonly result: 'begun' | 'ended';
      readonly message?: string;
      readonly starts_at?: string | null;
      readonly stop_servers_at?: string | null;
    };

interface OfServer {
  readonly hub: string;
  readonly user: string;
  /** "": the default server. */
  readonly name: string;
  readonly spawn_id: string | null;
}

interface Placed {
  readonly host: string;
  readonly port: number;
  /** Of its processes; null: they are on another machine. */
  readonly uid: number | null;
  readonly pid: number | null;
  /** Slurm's number. */
  readonly job: string | null;
}

export interface Audit {
  record(entry: AuditEntry): void;
  /** Opens the file by its name again, after a rotation. */
  reopen(): void;
  /** Resolves when everything is written, or lost. */
  close(): Promise<void>;
}

export const noAudit: Audit = { record() {}, reopen() {}, close: async () => {} };

/** `to`: a path, "syslog", or null for none. Throws CONFIG_UNREADABLE when the file cannot be opened. */
export function openAudit(to: string | null, log: Logger): Audit {
  if (to === null) return noAudit;
  const { write, reopen, close } = to === 'syslog' ? openSyslog(log) : openLogFile(to, log);
  return {
    record: ({ event, ...rest }) =>
      write(`${JSON.stringify({ time: new Date().toISOString(), event, ...rest })}\n`),
    ...{ reopen, close },
  };
}
