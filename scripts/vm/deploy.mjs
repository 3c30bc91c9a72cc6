// Installs the npm package of this checkout in the virtual machine, as an administrator does.
// Not here: the steps inside the machine (install.sh).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from '../setup/build.mjs';
import { run, step } from '../setup/say.mjs';
import { keep, putBack } from './machine.mjs';
import { checkout, imageDirectory, runDirectory } from './settings.mjs';
import { runInMachine } from './ssh.mjs';

const npmOfDebian = '9.2.0';

/**
 * Ends with the snapshot "deployed". The packages that ours needs are installed once for each boot, which takes two
 * minutes, and kept as "packages"; a later build with the same needs begins there.
 */
export async function deploy() {
  await ensureBuild(checkout.replace(/\/$/, ''));
  const parcel = join(runDirectory, 'parcel');
  rmSync(parcel, { recursive: true, force: true });
  mkdirSync(parcel);
  const archive = await pack(parcel);
  for (const name of ['install.sh', 'test-server.py']) copyFileSync(here(name), join(parcel, name));
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const needs = digest(
    dependencies(),
    registry,
    npmOfDebian,
    readFileSync(join(checkout, 'hub/pyproject.toml')),
  );
  const stamp = join(runDirectory, 'packages.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === needs) {
    await putBack('packages');
    await send(parcel);
    await install('update');
  } else {
    rmSync(stamp, { force: true });
    const cache = await fillNpmCache(archive, needs);
    await putBack('boot');
    await send(parcel, '-C', join(cache, '..'), 'npm-cache');
    await install(`packages '${registry}'`);
    await keep('packages');
    writeFileSync(stamp, needs);
  }
  await install('service');
  await keep('deployed');
}

const send = (parcel, ...more) =>
  step('Sending the package into the machine', () => {
    const input = execFileSync('tar', ['-C', parcel, '-c', '.', ...more], { maxBuffer: 1 << 30 });
    return runInMachine('mkdir -p /root/parcel && tar -x -C /root/parcel --no-same-owner', { input });
  });

const install = (words) =>
  step(`In the machine: install.sh ${words}`, (onLine) =>
    runInMachine(`bash /root/parcel/install.sh ${words}`, { onLine, minutes: 15 }),
  );

async function pack(parcel) {
  await step('Packing (npm pack)', (onLine) =>
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', parcel, checkout], { onLine }),
  );
  const [name] = readdirSync(parcel);
  return join(parcel, name);
}

/** The machine cannot reach a registry: it installs from the cache that npm fills here. */
async function fillNpmCache(archive, needs) {
  const directory = join(imageDirectory, 'npm');
  const cache = join(directory, 'npm-cache');
  const stamp = join(directory, 'needs.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === needs) return cache;
  rmSync(directory, { recursive: true, force: true });
  const prefix = join(directory, 'prefix');
  mkdirSync(prefix, { recursive: true });
  // use the machine's npm: another version sends other requests, whose responses would be missing in the cache
  const npm = ['exec', '--yes', `--package=npm@${npmOfDebian}`, '--', 'npm', 'install', '--global'];
  const options = ['--prefix', prefix, '--cache', cache, '--no-audit', '--no-fund'];
  await step('Getting the npm packages that ours needs', (onLine) =>
    run('npm', [...npm, ...options, archive], { onLine }),
  );
  rmSync(prefix, { recursive: true });
  rmSync(join(cache, '_logs'), { recursive: true, force: true });
  writeFileSync(stamp, needs);
  return cache;
}

const dependencies = () =>
  JSON.stringify(JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')).dependencies);

function digest(...texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
}

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
