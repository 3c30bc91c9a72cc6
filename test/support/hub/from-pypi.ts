// Whether npm start's JupyterHub from PyPI can be used here. npm test makes its environment, in the cache directory,
// before the tests; a test alone makes it when it is missing.
import type { TestOptions } from 'vitest';
import { skipIf } from '../reasons.ts';

const { hubFromPyPI: prepare } = (await import(
  new URL('../../../scripts/setup/hub.mjs', import.meta.url).href
)) as { hubFromPyPI(env: NodeJS.ProcessEnv): Promise<{ python?: string; why?: string }> };

const { python, why } = await prepare(process.env);

/** Its Python. */
export const pythonFromPyPI = python;

/** For a describe block. */
export const hubFromPyPI: TestOptions = skipIf(why !== undefined, `no JupyterHub from PyPI: ${why}`);
