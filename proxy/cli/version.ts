// The version of this package, for --version.
import { readFileSync } from 'node:fs';

export const version = readVersion();

/** package.json lies one directory up in the source, two in what is built from it. */
function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {
      // The other place, then.
    }
  }
  return 'unknown';
}
