// The state directory: private, owned by one service at a time, and named by an id of its own, so that a
// hub can tell lost records from ended servers. Not here: what the records say (record.ts).
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { isSameProcess, type ProcessIdentity, thisProcess } from '../../portwrap/index.ts';
import { makeDirectory } from '../system/make-directory.ts';
import { storageFailure } from '../system/storage-failure.ts';

/** Where commands on this machine find the administrator's token, below service.state_dir. */
export const adminTokenFile = 'admin-token';

export interface StateDirectory {
  readonly path: string;
  /** Made with the directory: another value means that another directory is in use. */
  readonly stateId: string;
  /** What an administrator's commands on this machine show; only root and this account can read it. */
  readonly adminToken: string;
  /** From which the secrets of jobs are made (launchers/slurm/reports/reports.ts). */
  readonly reportKey: string;
  readonly records: string;
  readonly sandboxes: string;
  readonly logs: string;
  readonly tokens: string;
  readonly forkServers: string;
  /** Sockets of relays; made and emptied by their owner (relays/relays.ts). */
  readonly relays: string;
  /** Rejects with STORAGE_FAILED when nothing can be kept in it now, or another one lies at its path. */
  probe(): Promise<void>;
  /** Gives the directory up, for the next service. */
  close(): Promise<void>;
}

/** Makes or opens it. Throws LISTEN_FAILED when another service that lives uses it, STORAGE_FAILED when it cannot. */
export function openStateDirectory(path: string): StateDirectory {
  try {
    return open(path);
  } catch (cause) {
    throw storageFailure(cause, `the state directory ${path} cannot be used`, path);
  }
}

function open(path: string): StateDirectory {
  makeDirectory(path, 0o700);
  chmodSync(path, 0o700);
  const at = (name: string) => join(path, name);
  for (const name of ['records', 'sandboxes', 'logs', 'tokens', 'fork']) makeDirectory(at(name), 0o700);
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
  const stateId = readOrMake(at(idFile), 8);
  return {
    ...{ path, stateId },
    adminToken: readOrMake(at(adminTokenFile), 32),
    reportKey: readOrMake(at('report-key'), 32),
    records: at('records'),
    sandboxes: at('sandboxes'),
    logs: at('logs'),
    tokens: at('tokens'),
    forkServers: at('fork'),
    relays: at('relays'),
    probe: () => probe(path, stateId),
    close: () => rm(at('service.json'), { force: true }),
  };
}

const idFile = 'state-id';
/** A page: a file system that has less room is full. */
const probeBytes = Buffer.alloc(4096);

async function probe(path: string, stateId: string): Promise<void> {
  const file = join(path, 'probe');
  try {
    const found = await readFile(join(path, idFile), 'utf8');
    if (found !== stateId) throw replaced(path);
    await writeFile(file, probeBytes, { mode: 0o600 });
    await rm(file, { force: true });
  } catch (cause) {
    await rm(file, { force: true }).catch(() => {});
    throw storageFailure(cause, `the state directory ${path} cannot be used`, path);
  }
}

function replaced(path: string): PortwrapError {
  return new PortwrapError('STORAGE_FAILED', `${path} is not the state directory of this service any more`, {
    hint: 'Restore or mount the former directory; to use the new one, restart the service.',
  });
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
