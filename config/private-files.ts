// What no sandbox shows that runs as the account of the service: the configuration file, the audit trail, the files with
// secrets that it names, and directories that hold nothing else. A covered file that is replaced, as editors do it, is no longer covered
// in the sandboxes that run; a covered directory stays covered. Not here: covering them (spawner/launchers/).
import { lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ConfigFile } from './schema.ts';

/** Absolute paths, without symbolic links where they exist; `path` is the configuration file. */
export function privateFiles(path: string, { service, hubs, proxy, admin_page }: ConfigFile): string[] {
  const named = [...hubs, ...hubs.map(({ reaper }) => reaper), proxy, admin_page];
  const { audit } = service;
  const trail = audit === null || audit === 'syslog' ? [] : [audit];
  const tokens = named.flatMap((section) => section?.token_file ?? []);
  const files = [path, ...trail, ...tokens].map((file) => realPath(file));
  const directories = files.map((file) => dirname(file)).filter((directory) => isForUs(directory, files));
  return [...new Set([...files, ...directories])];
}

/** Whether it has nothing but those files, and others that are as closed, such as backups of them. */
function isForUs(directory: string, files: readonly string[]): boolean {
  try {
    const entries = readdirSync(directory).map((name) => join(directory, name));
    return entries.every((entry) => files.includes(entry) || isClosedFile(lstatSync(entry)));
  } catch {
    return false; // it is gone, or not ours to read
  }
}

function isClosedFile(status: Stats): boolean {
  return status.isFile() && (status.mode & 0o007) === 0;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
