// Installs the Debian package of this checkout in the virtual machine, as an administrator does.
// Not here: the steps inside the machine (install.sh).
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal, run, step } from '../setup/say.mjs';
import { keep, putBack } from './machine.mjs';
import { checkout, runDirectory } from './settings.mjs';
import { runInMachine } from './ssh.mjs';

/** Ends with the snapshot "deployed". */
export async function deploy() {
  const parcel = join(runDirectory, 'parcel');
  rmSync(parcel, { recursive: true, force: true });
  mkdirSync(parcel);
  await pack(parcel);
  for (const name of ['install.sh', 'test-server.py']) copyFileSync(here(name), join(parcel, name));
  await putBack('boot');
  await send(parcel);
  await step('In the machine: install.sh', (onLine) =>
    runInMachine('bash /root/parcel/install.sh', { onLine, minutes: 30 }),
  );
  await keep('deployed');
}

/** Only the Debian package is sent. */
async function pack(parcel) {
  await step('Packing (npm run package)', (onLine) =>
    run(process.execPath, [join(checkout, 'scripts', 'package.mjs'), parcel], { onLine }),
  );
  const names = readdirSync(parcel);
  if (!names.some((name) => name.endsWith('.deb')))
    throw new Refusal('npm run package made no Debian package.');
  for (const name of names) if (!name.endsWith('.deb')) rmSync(join(parcel, name));
}

const send = (parcel) =>
  step('Sending the package into the machine', () => {
    const input = execFileSync('tar', ['-C', parcel, '-c', '.'], { maxBuffer: 1 << 30 });
    return runInMachine('mkdir -p /root/parcel && tar -x -C /root/parcel --no-same-owner', { input });
  });

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
