// The files that this machine's ssh configuration includes. ssh refuses included files that belong to neither root nor
// the user; inside, root's files appear to belong to the account nobody, so the user gets copies.
// Not here: mounting them (file-view.ts).
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { SyntheticFile } from './synthetic-file.ts';

/** Copies of them, at the targets of symbolic links; empty without ssh, or without included files. */
export function includedSshConfig(directory = '/etc/ssh'): SyntheticFile[] {
  const found = new Map<string, string>();
  const waiting = includesOf(readText(join(directory, 'ssh_config')) ?? '', directory);
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const real = realPath(path);
    const content = real === null || found.has(real) ? null : readText(real);
    if (real === null || content === null || found.size >= mostFiles) continue;
    found.set(real, content);
    waiting.push(...includesOf(content, directory));
  }
  return [...found].map(([path, content]) => ({ path, content }));
}

/** Each file takes a descriptor in the launch; machines usually have one to three. */
const mostFiles = 16;

/** The paths of Include lines, ssh_config(5): relative to ssh's directory; the last part may be a pattern. */
function includesOf(text: string, directory: string): string[] {
  const lines = text.matchAll(/^\s*include\s+(.+)$/gim);
  return [...lines].flatMap(([, words = '']) =>
    (words.match(/"[^"]+"|\S+/g) ?? []).flatMap((word) =>
      matching(resolve(directory, word.replaceAll('"', ''))),
    ),
  );
}

function matching(pattern: string): string[] {
  if (!/[*?]/.test(pattern)) return [pattern];
  const escaped = basename(pattern).replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const expression = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return readNames(dirname(pattern))
    .filter((name) => expression.test(name) && !name.startsWith('.'))
    .map((name) => join(dirname(pattern), name));
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** Reads only world-readable files: we may be root, and the user gets the copy. */
function readText(path: string): string | null {
  try {
    const status = statSync(path);
    return status.isFile() && (status.mode & 0o004) !== 0 ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}
