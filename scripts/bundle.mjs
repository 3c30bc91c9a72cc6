// Replaces dist/portwrap/main.js by one file with all modules of the `portwrap` command: Node takes about a millisecond
// for each module that it loads (docs/decisions/0028-the-command-is-one-file.md). Without this step the compiled
// modules run as they are. Not here: tsc; the service and the proxy, which start once.
// usage: node scripts/bundle.mjs
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Returns a sentence: what was made, or why not, where rolldown does not run. `isBundled` says which. */
export async function bundleCommand(root) {
  const file = join(root, 'dist/portwrap/main.js');
  let rolldown;
  try {
    rolldown = await import('rolldown'); // a fresh clone gets it after this file is loaded
  } catch (error) {
    const [reason] = error.message.split('\n');
    return { isBundled: false, message: `portwrap is not bundled, and starts more slowly: ${reason}` };
  }
  await rolldown.build({
    input: join(root, 'portwrap/main.ts'),
    platform: 'node',
    logLevel: 'warn',
    output: { file, format: 'esm', codeSplitting: false, comments: { jsdoc: false } },
  });
  const foreign = importsOf(readFileSync(file, 'utf8')).filter((name) => !name.startsWith('node:'));
  if (foreign.length > 0) throw new Error(`the portwrap command imports ${foreign.join(', ')}`);
  return { isBundled: true, message: `${file} (rolldown)` };
}

/** The names of the modules that a file imports. */
function importsOf(text) {
  return [...text.matchAll(/^import .*?"(.+?)";$|\bimport\("(.+?)"\)/gm)].map(
    ([, fixed, late]) => fixed ?? late,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { isBundled, message } = await bundleCommand(fileURLToPath(new URL('..', import.meta.url)));
  if (!isBundled) process.stderr.write(`${message}\n`);
}
