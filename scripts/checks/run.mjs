// One run of npm test, told apart from all others on the machine: its id is in the environment of what it starts, in
// the names of its accounts and of what it makes outside its own temporary directory.
// Not here: whether something is left of it (left-behind.mjs).
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Also read by test/support/machine/whole-run.ts. */
export const variable = 'PORTWRAP_TEST_RUN';

/** Opens the run: its temporary directory becomes that of this process and its children. */
export function beginRun(environment) {
  const id = randomBytes(3).toString('hex');
  // short: sockets lie below it, and the kernel takes 107 bytes of their paths
  const directory = join(tmpdir(), `pw-${id}`);
  mkdirSync(directory);
  chmodSync(directory, 0o1777); // as /tmp: other accounts have files there
  const before = environment.TMPDIR;
  Object.assign(environment, { [variable]: id, TMPDIR: directory });
  return {
    id,
    directory,
    end() {
      if (before === undefined) delete environment.TMPDIR;
      else environment.TMPDIR = before;
      delete environment[variable];
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
