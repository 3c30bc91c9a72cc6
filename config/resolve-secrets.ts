// Resolves the secrets of a configuration file: reads each from the environment or a private file.
// Messages contain no secrets, and no values that may be misplaced secrets. Not here: the other keys.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { KeyPath } from './problem.ts';
import { secretPattern, secretRule } from './schema/values/secret.ts';
import type { AdminPage, Config, ConfigFile, Hub, Reaper } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
  /** Its mode is checked when the file contains a token. */
  readonly configFile: { readonly path: string; readonly mode: number };
  /** Records a problem with the key at `path`. */
  report(path: KeyPath, text: string): void;
}

/** The configuration with every `token` filled in. A token that cannot be resolved is reported and left empty. */
export function resolveSecrets(file: ConfigFile, around: Surroundings): Omit<Config, 'private_files'> {
  const hubs = file.hubs.map((hub, index): Hub => {
    const { token_env, token_file, token, reaper, ...rest } = hub;
    const path = ['hubs', index];
    return {
      ...rest,
      token: resolveOne({ token_env, token_file, token }, path, around) ?? '',
      reaper: reaper === null ? null : resolveReaper(reaper, [...path, 'reaper'], around),
    };
  });
  reportSharedTokens(hubs, around);
  return { ...file, hubs, proxy: proxyOf(file, around), admin_page: adminPageOf(file, around) };
}

function proxyOf(file: ConfigFile, around: Surroundings): Config['proxy'] {
  if (file.proxy === null) return null;
  const { token_env, token_file, token, ...proxy } = file.proxy;
  return { ...proxy, token: resolveOne({ token_env, token_file, token }, ['proxy'], around) };
}

function adminPageOf(file: ConfigFile, around: Surroundings): AdminPage | null {
  if (file.admin_page === null) return null;
  const { token_env, token_file, token, hub, ...page } = file.admin_page;
  const own = resolveOne({ token_env, token_file, token }, ['admin_page'], around);
  return { ...page, hub: hub ?? file.hubs[0]?.name ?? '', token: own ?? '' };
}

function resolveReaper(
  { token_env, token_file, token, interval }: NonNullable<ConfigFile['hubs'][number]['reaper']>,
  path: KeyPath,
  around: Surroundings,
): Reaper {
  return { interval, token: resolveOne({ token_env, token_file, token }, path, around) ?? '' };
}

interface SecretKeys {
  readonly token_env: string | undefined;
  readonly token_file: string | undefined;
  readonly token: string | undefined;
}

function resolveOne(keys: SecretKeys, path: KeyPath, around: Surroundings): string | null {
  const { token_env, token_file, token } = keys;
  if (token_env !== undefined) return fromVariable(token_env, [...path, 'token_env'], around);
  if (token_file !== undefined) return fromFile(token_file, [...path, 'token_file'], around);
  if (token === undefined) return null;
  const { path: configPath, mode } = around.configFile;
  if (isOpenToOthers(mode)) around.report([...path, 'token'], `is in a file ${openToOthers(configPath)}`);
  return token;
}

function fromVariable(name: string, path: KeyPath, { env, report }: Surroundings): string | null {
  const value = env[name]?.trimEnd();
  if (value !== undefined && secretPattern.test(value)) return value;
  const fault = value === undefined ? 'is not set' : `does not contain a valid token: it ${secretRule}`;
  report(path, `the environment variable ${fault}`);
  return null;
}

function fromFile(name: string, path: KeyPath, { report }: Surroundings): string | null {
  const read = readPrivate(name);
  if ('text' in read && secretPattern.test(read.text)) return read.text;
  report(path, 'fault' in read ? read.fault : `the file does not contain a valid token: it ${secretRule}`);
  return null;
}

function readPrivate(name: string): { text: string } | { fault: string } {
  let descriptor: number | undefined;
  try {
    // Non-blocking, because of FIFOs. One descriptor, so that the checked file is the one that is read.
    descriptor = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (!status.isFile()) return { fault: 'does not name a regular file' };
    if (isOpenToOthers(status.mode)) return { fault: `names a file ${openToOthers(name)}` };
    return { text: readFileSync(descriptor, 'utf8').trimEnd() };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { fault: missing ? 'the file does not exist' : 'this account cannot read the file' };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isOpenToOthers(mode: number): boolean {
  return (mode & (constants.S_IROTH | constants.S_IWOTH)) !== 0;
}

function openToOthers(path: string): string {
  return `that every user can read or write; run: chmod o-rw ${quoted(path)}`;
}

function quoted(path: string): string {
  return /^[\w./+:@%-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function reportSharedTokens(hubs: readonly Hub[], { report }: Surroundings): void {
  const firstWithToken = new Map<string, string>();
  for (const [index, { name, token }] of hubs.entries()) {
    const first = firstWithToken.get(token);
    if (first === undefined) firstWithToken.set(token, name);
    else if (token !== '') report(['hubs', index], `has the token of hub "${first}", must have its own`);
  }
}
