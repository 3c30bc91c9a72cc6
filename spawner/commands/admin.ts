// How an administrator's command reaches the service: the address from the configuration, the token from the
// state directory, which only root and the service's account can read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { type ConfigFile, loadConfigFile } from '../../config/load.ts';
import { type Client, createClient, type ServerName } from '../http/client.ts';
import { adminTokenFile } from '../records/state-directory.ts';
import type { CommandInput } from './arguments.ts';

export interface Admin {
  readonly client: Client;
  readonly config: ConfigFile;
}

/** Throws CONFIG_INVALID, CONFIG_UNREADABLE, SERVICE_UNREACHABLE. */
export function connectAdmin({ options }: CommandInput): Admin {
  const config = loadConfigFile(options.config);
  return { config, client: createClient(config.service.listen, readToken(config.service.state_dir)) };
}

/** USER or USER/NAME. Throws USAGE. */
export function serverNamed(text: string | undefined, hub: string | undefined): ServerName {
  if (text === undefined) throw new PortwrapError('USAGE', 'a SERVER is required');
  const slash = text.indexOf('/');
  const user = slash === -1 ? text : text.slice(0, slash);
  if (user === '') throw new PortwrapError('USAGE', `"${text}" is not USER or USER/NAME`);
  return { hub, user, name: slash === -1 ? '' : text.slice(slash + 1) };
}

function readToken(stateDirectory: string): string {
  const path = join(stateDirectory, adminTokenFile);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new PortwrapError('SERVICE_UNREACHABLE', `the administrator's token ${path} ${reason}`, {
      hint: 'Run this as root or as the account of the service, while the service runs.',
      cause,
    });
  }
}
