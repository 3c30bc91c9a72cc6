// The id of one run of npm test, which separates it from other runs on the machine. The id is in the environment of
// its processes, in the names of its accounts, and in the names of files outside its temporary directory.
// Not here: checking for leftovers (left-behind.mjs).
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Also read by test/support/machine/whole-run.ts. */
export const variable = 'PORTWRAP_TEST_RUN';

/** Opens the run: its temporary directory becomes that of this process and its children. */
export function beginRun(environment) {
  const id = randomBytes(3).toString('hex');
  // short: it contains sockets, and the kernel limits their paths to 107 bytes
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
