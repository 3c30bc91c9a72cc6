// The tests in the virtual machine, one after the other: there is one machine. npm run test:vm boots it.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/vm/*.test.ts'],
    fileParallelism: false,
    reporters: [['verbose', { summary: false }]],
    chaiConfig: { truncateThreshold: 0 },
    // emulated: a start takes seconds, a hundred of them an hour; what is waited for has a deadline of its own
    testTimeout: 3 * 3_600_000,
    hookTimeout: 900_000,
    teardownTimeout: 60_000,
  },
});
