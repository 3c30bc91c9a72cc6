import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/support/machine/whole-run.ts'],
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      // these need a world of their own: node scripts/worlds.mjs
      ...(process.env.WORLD_NAME ? [] : ['test/integration/world/**']),
      // these need a virtual machine: npm run test:vm
      'test/vm/**',
      // these need packages and roots of Debian: npm run test:install
      'test/install/**',
      // these need a gigabyte of packages: test/ecosystem/vitest.config.ts
      'test/ecosystem/**',
    ],
    // what hangs is ended; a slow machine is no failure
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    // what is left behind is named whole
    chaiConfig: { truncateThreshold: 0 },
    // the default, one second, says more about how busy the machine is than about what is tested
    expect: { poll: { timeout: 15_000, interval: 25 } },
  },
});
