// Writes docs/portwrap.1 from the compiled option table; with --check tells whether it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const { manualPage } = await import(new URL('dist/portwrap/cli/manual.js', root));
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const page = fileURLToPath(new URL('docs/portwrap.1', root));
const text = manualPage(version);

if (!process.argv.includes('--check')) writeFileSync(page, text);
else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/portwrap.1 is stale: run npm run generate');
  process.exitCode = 1;
}
