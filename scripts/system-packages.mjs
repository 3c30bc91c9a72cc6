// The system packages alone: node scripts/system-packages.mjs [--for-tests]
// npm start and npm test do the same automatically.
import { needsOfSystemHub, needsToStart, needsToTest, together } from './setup/needs.mjs';
import { ensureSystemPackages } from './setup/packages.mjs';
import { main, say } from './setup/say.mjs';

await main(async () => {
  const python = await ensureSystemPackages(
    process.argv.includes('--for-tests') ? needsToTest : together(needsToStart, needsOfSystemHub),
  );
  say(`Every system package is there; JupyterHub runs under ${python}.`);
});
