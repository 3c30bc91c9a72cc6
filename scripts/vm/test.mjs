// npm run test:vm [FILE...]: this checkout in a virtual machine that was just booted, and the tests of test/vm in it.
// VM_KEEP=1 uses the running machine and keeps it running. Not here: the tests.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../setup/say.mjs';
import { deploy } from './deploy.mjs';
import { ensureImage } from './image.mjs';
import { startFresh } from './machine.mjs';
import { stopMachine } from './qemu.mjs';
import { checkout, runDirectory } from './settings.mjs';
import { endSharedLogin } from './ssh.mjs';

const keep = process.env.VM_KEEP === '1';

await main(async () => {
  await ensureImage();
  if (!keep || !existsSync(join(runDirectory, 'qemu.pid'))) await startFresh();
  try {
    await deploy();
    const vitest = join(checkout, 'node_modules/vitest/vitest.mjs');
    const options = ['run', '--config', join(checkout, 'test/vm/vitest.config.ts'), '--root', checkout];
    const tests = spawnSync(process.execPath, [vitest, ...options, ...process.argv.slice(2)], {
      stdio: 'inherit',
    });
    return tests.status ?? 1;
  } finally {
    if (!keep) {
      endSharedLogin();
      await stopMachine();
    }
  }
});
