// The resolver configuration of this host: its /etc/resolv.conf (resolv.conf(5)).
// Not here: what a sandbox gets of it (resolver-inside.ts).
import { readlinkSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { readFileOrNull } from '../system/read-file.ts';

export interface HostResolver {
  /** The file that /etc/resolv.conf leads to; null when there is none. */
  readonly path: string | null;
  /** Addresses of name servers, in this order. */
  readonly nameservers: readonly string[];
  /** The lines "search", "domain", "options" and "sortlist", as they are. */
  readonly settings: readonly string[];
}

const file = '/etc/resolv.conf';

export function readHostResolver(): HostResolver {
  return { path: targetOf(file), ...parseResolvConf(readFileOrNull(file) ?? '') };
}

/** As glibc reads it: a keyword counts at the start of a line, and more name servers than three are ignored. */
export function parseResolvConf(text: string): Omit<HostResolver, 'path'> {
  const lines = text.split('\n');
  const nameservers = lines.flatMap((line) => /^nameserver[ \t]+(\S+)/.exec(line)?.[1] ?? []);
  return {
    nameservers: nameservers.slice(0, mostServers),
    settings: lines.filter((line) => /^(?:search|domain|options|sortlist)[ \t]/.test(line)).map(printable),
  };
}

/** MAXNS of resolv.h. */
export const mostServers = 3;

function printable(line: string): string {
  return line.replaceAll(/[^\t\x20-\x7e]/g, '').trimEnd();
}

/**
 * A symbolic link into /run may lead to a file that its service has not written yet. Inside, /run is private, so the file
 * can be made there; elsewhere it can only be mounted over a file that exists.
 */
function targetOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    try {
      const target = resolve('/etc', readlinkSync(path)).replace(/^\/var\/run\//, '/run/');
      return target.startsWith('/run/') ? target : null;
    } catch {
      return null;
    }
  }
}
