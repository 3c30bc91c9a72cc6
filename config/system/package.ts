// The package of this program: its directory and its version.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const manifest = 'package.json';

/** A parent of this file, both in the sources and in the build. */
export function packageRoot(directory = dirname(fileURLToPath(import.meta.url))): string {
  return existsSync(join(directory, manifest)) ? directory : packageRoot(dirname(directory));
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), manifest), 'utf8')) as { version: string };
  return version;
}
