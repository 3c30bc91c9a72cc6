// Runs one bench: node bench/run.mjs NAME [ARGUMENT ...]. It is compiled to dist-bench/ first, so that the compiled
// code is measured without a loader.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name = '', ...argv] = process.argv.slice(2);
execFileSync('npx', ['tsc', '-p', 'tsconfig.json', '--outDir', 'dist-bench', '--sourceMap', 'false'], {
  cwd: root,
  stdio: 'inherit',
});
const run = spawnSync(process.execPath, [`dist-bench/bench/${name}.js`, ...argv], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(run.status ?? 1);
