// Settings of the virtual machine: from the environment, with defaults.
// Not here: their use.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { env } = process;

/** The checkout that this script is part of. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** The Debian release: trixie has systemd 257, bookworm 252. */
export const suite = env.VM_SUITE ?? 'trixie';

const cache = env.VM_DIR ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portwrap-vm');

/** What is made once: a root file system and the image of it (about 6 GB). */
export const imageDirectory = join(cache, suite);

/** What belongs to the machine that runs now: its disk, sockets and console. */
export const runDirectory = join(imageDirectory, 'run');

export const hardware = {
  accelerator: env.VM_ACCEL ?? 'tcg,thread=multi',
  processor: env.VM_CPU ?? 'max',
  processors: env.VM_CPUS ?? '2',
  memory: env.VM_MEMORY ?? '4096',
};
