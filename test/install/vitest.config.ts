// docs/install.md, word for word, in Debian 12 and 13 as debootstrap makes them. npm run test:install makes what they need.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/install/*.test.ts'],
    // each installs hundreds of megabytes
    fileParallelism: false,
    reporters: [['verbose', { summary: false }]],
    chaiConfig: { truncateThreshold: 0 },
    // what is waited for has a deadline of its own, for what hangs: a busy machine is no failure
    testTimeout: 4 * 3_600_000,
    hookTimeout: 2 * 3_600_000,
  },
});
