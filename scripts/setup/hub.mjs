// The JupyterHub that the demo runs: the one of demo/python/ from PyPI, or that of the machine. Installs the system
// packages for it, too.
// Not here: making the environment (python-environment.mjs), apt-get (packages.mjs).
import { fileURLToPath } from 'node:url';
import { cachePath, makeCache } from './cache.mjs';
import { missingModules } from './look.mjs';
import { needsOfSystemHub, needsOfVenv, needsToStart, together } from './needs.mjs';
import { ensureSystemPackages, isInstalled } from './packages.mjs';
import { ensurePythonEnvironment } from './python-environment.mjs';
import { Refusal, say } from './say.mjs';

/** `choice`: pypi or system. Returns its Python, whether that has the packages of demo/python/, and JupyterLab. */
export async function ensureHub(choice, env) {
  const { python, why } = choice === 'pypi' ? await hubFromPyPI(env) : {};
  if (python !== undefined) return { python, isOurs: true, hasLab: true };
  if (why !== undefined) say(`Using the JupyterHub of this system's packages: ${why}.`);
  const own = await ensureSystemPackages(together(needsToStart, needsOfSystemHub));
  return { python: own, isOurs: false, hasLab: missingModules(own, ['jupyterlab']).length === 0 };
}

/** {python}, or {why} if there is none, in half a sentence. */
export async function hubFromPyPI(env) {
  try {
    await ensureSystemPackages(together(needsToStart, needsOfVenv));
  } catch (error) {
    if (!(error instanceof Refusal) || !isInstalled(needsToStart)) throw error;
    return { why: 'python3-venv cannot be installed' };
  }
  const cache = cachePath(env);
  makeCache(cache);
  return ensurePythonEnvironment({ title: 'JupyterHub 6 and JupyterLab 4', requirements, cache });
}

const requirements = fileURLToPath(new URL('../demo/python/requirements.txt', import.meta.url));
