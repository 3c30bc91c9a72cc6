// npm start: from a fresh clone to a running demo. Prepares what is missing, then runs it (demo/demo.mjs).
import { fileURLToPath } from 'node:url';
import { runDemo } from './demo/demo.mjs';
import { checkPorts } from './demo/free-ports.mjs';
import { readSettings } from './demo/settings.mjs';
import { ensureBuild } from './setup/build.mjs';
import { ensureHub } from './setup/hub.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { ensureNpmPackages } from './setup/npm-packages.mjs';
import { main } from './setup/say.mjs';
import { checkTunDevice } from './setup/tun-device.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await main(async () => {
  checkNodeVersion();
  const settings = readSettings(process.env);
  await checkPorts(settings.ports);
  const hub = await ensureHub(settings.hub, process.env);
  checkTunDevice();
  await ensureNpmPackages(root);
  await ensureBuild(root);
  return runDemo({ root, hub, settings });
});
