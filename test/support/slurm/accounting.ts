// The accounting database of a cluster under test: Debian's mariadbd, on a socket in the cluster's directory alone, and
// slurmdbd before it. Not here: the cluster (slurm.ts).
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * A libmariadb3 with which no slurmdbd starts: "Number of columns in result (=1) set exceeds maximum allowed number of
 * columns (=0)" for `select @var := concat('')`. The next version is tried again.
 */
const brokenLibrary = '1:11.8.9+ds-0+deb13u1';

/** Why there is no accounting database here; null: there can be one. */
export function noAccounting(): string | null {
  const { stdout } = spawnSync('dpkg', ['--status', 'libmariadb3'], { encoding: 'utf8' });
  const isBroken = (stdout ?? '').split('\n').includes(`Version: ${brokenLibrary}`);
  return isBroken ? `no slurmdbd starts with libmariadb3 ${brokenLibrary}` : null;
}

/** libmariadb finds the socket by this. */
export function databaseEnvironment(directory: string): Record<string, string> {
  return { MYSQL_UNIX_PORT: join(directory, 'database/socket') };
}

/** For slurm.conf. */
export function accountingSettings(directory: string, port: number): string {
  return `AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=${port}
AccountingStoragePass=${directory}/munge/socket`;
}

/** Makes an empty database and starts it. Settles when it accepts connections. */
export async function startDatabase(
  directory: string,
  begin: (name: string, program: string, argv: readonly string[]) => void,
  until: (what: string, isTrue: () => boolean) => Promise<void>,
): Promise<void> {
  const data = join(directory, 'database');
  mkdirSync(data, { mode: 0o700 });
  const common = ['--no-defaults', `--datadir=${data}`, '--user=root', '--innodb-log-file-size=4M'];
  const empty = [
    '--skip-test-db',
    '--auth-root-authentication-method=socket',
    '--auth-root-socket-user=root',
  ];
  await promisify(execFile)('mariadb-install-db', [...common, ...empty]);
  begin('mariadbd', 'mariadbd', [
    ...[...common, '--skip-networking', `--socket=${data}/socket`, `--pid-file=${data}/pid`],
    ...['--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=0', '--performance-schema=OFF'],
  ]);
  await until('the database is up', () => existsSync(join(data, 'socket')));
}

/** slurmdbd reads it from beside slurm.conf. */
export function configureAccounting(directory: string, port: number): void {
  const text = `AuthType=auth/munge
AuthInfo=socket=${directory}/munge/socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=${port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
LogFile=${directory}/slurmdbd.log
PidFile=${directory}/slurmdbd.pid
`;
  writeFileSync(join(directory, 'slurmdbd.conf'), text, { mode: 0o600 });
}
