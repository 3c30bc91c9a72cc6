// The image of the machine, made again when what makes it has changed.
// Not here: the build (image.sh).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../setup/look.mjs';
import { Refusal, run, step } from '../setup/say.mjs';
import { imageDirectory, suite } from './settings.mjs';

const script = fileURLToPath(new URL('image.sh', import.meta.url));

const needs = {
  debootstrap: 'debootstrap',
  mke2fs: 'e2fsprogs',
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  ssh: 'openssh-client',
  unshare: 'util-linux',
};

export async function ensureImage() {
  const missing = Object.keys(needs).filter((name) => findCommand(name) === undefined);
  if (missing.length > 0) {
    const packages = missing.map((name) => needs[name]).join(' ');
    throw new Refusal(`The virtual machine needs: apt-get install --no-install-recommends ${packages}`);
  }
  const stamp = join(imageDirectory, 'base.sha256');
  const wanted = createHash('sha256').update(readFileSync(script)).digest('hex');
  const made =
    existsSync(join(imageDirectory, 'base.img')) && existsSync(stamp) && readFileSync(stamp, 'utf8');
  if (made === wanted) return;
  if (process.getuid() !== 0) throw new Refusal('Making the image of the virtual machine needs root.');
  mkdirSync(imageDirectory, { recursive: true });
  await step(`Making a machine with Debian ${suite} in ${imageDirectory}`, (onLine) =>
    run('nice', [script, suite, imageDirectory], { onLine }),
  );
  writeFileSync(stamp, wanted);
}
