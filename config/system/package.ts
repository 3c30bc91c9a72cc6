// The package that this program belongs to: where it lies, and its version.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const manifest = 'package.json';

/** Above this file, whether it is source or what is built from it. */
export function packageRoot(directory = dirname(fileURLToPath(import.meta.url))): string {
  return existsSync(join(directory, manifest)) ? directory : packageRoot(dirname(directory));
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), manifest), 'utf8')) as { version: string };
  return version;
}
