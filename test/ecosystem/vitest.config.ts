// Software of JupyterHub's ecosystem with a real hub 6, from the packages of scripts/worlds/python/ecosystem.txt (1 GB):
// not part of npm test. Run npm run build, then: npx vitest run --config test/ecosystem/vitest.config.ts
import { defineConfig } from 'vitest/config';

const module = new URL('../../scripts/worlds/python-environment.mjs', import.meta.url).href;
const { pythonEnvironment } = (await import(module)) as {
  pythonEnvironment(name: string): Promise<string>;
};

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    globalSetup: ['test/support/machine/whole-run.ts'],
    include: ['test/ecosystem/*.test.ts'],
    env: { PORTWRAP_TEST_PYTHON: await pythonEnvironment('ecosystem') },
    // each runs a hub, servers and a browser
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000, interval: 100 } },
  },
});
