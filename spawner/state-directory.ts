// The state directory: private, owned by one service at a time, and named by an id of its own, so that a
// hub can tell lost records from ended servers. Not here: what the records say (record.ts).
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../config/errors.ts';
import { isSameProcess, type ProcessIdentity, thisProcess } from '../portwrap/index.ts';

/** Where commands on this machine find the administrator's token, below service.state_dir. */
export const adminTokenFile = 'admin-token';

export interface StateDirectory {
  readonly path: string;
  /** Made with the directory: another value means that another directory is in use. */
  readonly stateId: string;
  /** What an administrator's commands on this machine show; only root and this account can read it. */
  readonly adminToken: string;
  /** From which the secrets of jobs are made (launchers/slurm/reports.ts). */
  readonly reportKey: string;
  readonly records: string;
  readonly sandboxes: string;
  readonly logs: string;
  readonly tokens: string;
  /** Gives the directory up, for the next service. */
  close(): Promise<void>;
}

/** Makes or opens it. Throws LISTEN_FAILED when another service that lives uses it. */
export function openStateDirectory(path: string): StateDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  const at = (name: string) => join(path, name);
  for (const name of ['records', 'sandboxes', 'logs', 'tokens'])
    mkdirSync(at(name), { recursive: true, mode: 0o700 });
  const owner = readOwner(at('service.json'));
  if (owner !== null && isSameProcess(owner)) {
    throw new PortwrapError(
      'LISTEN_FAILED',
      `another service (pid ${owner.pid}) uses the state directory ${path}`,
      {
        hint: 'Stop it, or give this one another "service.state_dir".',
      },
    );
  }
  writeFileSync(at('service.json'), JSON.stringify(thisProcess()), { mode: 0o600 });
  return {
    path,
    stateId: readOrMake(at('state-id'), 8),
    adminToken: readOrMake(at(adminTokenFile), 32),
    reportKey: readOrMake(at('report-key'), 32),
    records: at('records'),
    sandboxes: at('sandboxes'),
    logs: at('logs'),
    tokens: at('tokens'),
    close: () => rm(at('service.json'), { force: true }),
  };
}

function readOwner(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return null; // none, or one that was killed while writing: then it is gone
  }
}

/** Random bytes that are made once. An empty file is what a full disk left behind. */
function readOrMake(path: string, bytes: number): string {
  const present = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (present.length === bytes * 2) return present;
  const made = randomBytes(bytes).toString('hex');
  writeFileSync(path, made, { mode: 0o600 });
  return made;
}
