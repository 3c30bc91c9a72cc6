// Writes the manual pages docs/PROGRAM.1 from the compiled command-line tables; with --check only checks that they are
// up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const load = (path) => import(new URL(`dist/${path}`, root));
const { manualPage } = await load('config/command-line/manual.js');
const programs = [
  (await load('portwrap/cli/program.js')).portwrap,
  (await load('proxy/cli/program.js')).portwrapProxy,
  (await load('spawner/commands/program.js')).portwrapSpawner,
];
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

for (const program of programs) {
  const page = fileURLToPath(new URL(`docs/${program.name}.1`, root));
  const text = manualPage(program, version);
  if (!process.argv.includes('--check')) writeFileSync(page, text);
  else if (readFileSync(page, 'utf8') !== text) {
    console.error(`docs/${program.name}.1 is stale: run npm run generate`);
    process.exitCode = 1;
  }
}
