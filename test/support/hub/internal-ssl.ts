// Whether this machine's JupyterHub can have internal_ssl; tests of it are skipped where it cannot, and are then named
// at the end of npm test. Not here: the reason (../hub/jupyterhub_suite/internal_ssl.py).
import { execFileSync } from 'node:child_process';
import { hubPython } from './hub-process.ts';

const probe = new URL('../../hub/jupyterhub_suite/internal_ssl.py', import.meta.url).pathname;

/** Why JupyterHub's Python refuses its own certificates, or nothing. */
export function refusalOfInternalSsl(): string {
  const argv = ['-W', 'ignore', '-B', probe];
  return execFileSync(hubPython, argv, { encoding: 'utf8' }).trim();
}
