// Runs the demo: proxy, service and hub on 127.0.0.1 until it is interrupted; then removes everything.
// It restarts a program that dies, as a service manager would; one that keeps dying ends the demo.
import { say, step } from '../setup/say.mjs';
import { writeConfigFiles } from './config-files.mjs';
import { makeDirectory } from './directory.mjs';
import { interruption } from './interruption.mjs';
import { makeParts } from './parts.mjs';
import { stopServers } from './servers.mjs';
import { writeShared } from './shared.mjs';
import { welcome } from './welcome.mjs';

const deathsAllowed = { count: 3, within: 60_000 };

/** Returns the exit code. */
export async function runDemo({ root, hub, settings }) {
  const directory = makeDirectory(settings.directory);
  const { ports, range } = settings;
  writeShared(directory.path('shared'), hub);
  const files = writeConfigFiles({ ports, range, directory, hub, root });
  const parts = makeParts({ root, directory, files, python: hub.python, ports });
  const state = { ending: false };
  const interrupted = interruption(() => killAll(parts, directory)).then((reason) => ({
    text: `Stopping (${reason}); Ctrl-C once more kills at once.`,
    exitCode: 0,
  }));
  const up = startAll(parts, state);
  // Interrupted during the start: the outcome of the start is not reported.
  up.catch(() => {});
  try {
    const early = await Promise.race([up, interrupted]);
    if (early === undefined) say(welcome({ directory, settings, parts }));
    const watches = Object.values(parts).map((part) => keepRunning(part, state));
    const reason = early ?? (await Promise.race([interrupted, ...watches]));
    say();
    say(reason.text);
    return reason.exitCode;
  } finally {
    state.ending = true;
    await shutDown(parts, directory, settings);
  }
}

async function startAll({ proxy, service, hub }, state) {
  await step('Starting the proxy and the spawner service', () =>
    Promise.all([proxy.start(), service.start()]),
  );
  if (!state.ending) await step('Starting JupyterHub', () => hub.start());
}

function killAll(parts, directory) {
  for (const part of Object.values(parts)) part.kill();
  say(`Killed. Servers of users may still run; what is known about them is in ${directory.root}.`);
  process.exit(130);
}

/** Resolves when the program keeps dying. */
async function keepRunning(part, state) {
  let deaths = [];
  for (;;) {
    await part.ended;
    if (state.ending) return new Promise(() => {});
    const now = Date.now();
    deaths = [...deaths.filter((time) => now - time < deathsAllowed.within), now];
    if (deaths.length > deathsAllowed.count) return { text: part.obituary(), exitCode: 1 };
    say(`${part.name} ended (${part.exit}); starting it again.`);
    try {
      await part.start();
      say(`${part.name} runs again.`);
    } catch (error) {
      if (state.ending) return new Promise(() => {});
      return { text: error.message, exitCode: 1 };
    }
  }
}

async function shutDown({ proxy, service, hub }, directory, settings) {
  const serviceUrl = `http://127.0.0.1:${settings.ports.service}`;
  const sweep = () => stopServers(serviceUrl, directory.secrets.serviceToken);
  let clean = true;
  try {
    // Servers outlive the service, and only the service can end them.
    if (!service.running && service.everAnswered) await service.start();
    const maySweep = service.running && service.everAnswered;
    if (maySweep) await step("Stopping the users' servers", sweep);
    await step('Stopping JupyterHub', () => hub.stop());
    // A start may have been requested while the others were being stopped.
    if (maySweep) await sweep();
  } catch (error) {
    clean = false;
    say(`The users' servers could not be stopped: ${error.message}`);
    await hub.stop();
  }
  await step('Stopping the spawner service and the proxy', async () => {
    await service.stop();
    await proxy.stop();
  });
  if (clean) directory.remove();
  else say(`What is known about them is in ${directory.root}.`);
}
