// The checks of the plugin with one JupyterHub: the plugin's own tests, and JupyterHub's with our spawner and proxy.
// Not here: where that JupyterHub comes from (../worlds/python-environment.mjs).
import { join } from 'node:path';
import { countPytest } from './junit-report.mjs';
import { vitest } from './vitest-check.mjs';

/** `python`: with that JupyterHub. `title`: which one it is, "" for the one of this machine. */
export function pluginTests({ python, title, reports }) {
  const report = join(reports, `pytest${suffix(title)}.xml`);
  return {
    name: `tests of the JupyterHub plugin (pytest)${named(title)}`,
    command: [python, '-m', 'pytest', '-q', 'test/hub', basetemp(reports), `--junit-xml=${report}`],
    count: () => countPytest(report),
  };
}

/** JupyterHub's own tests. Each test has a deadline (jupyterhub_suite/run.py), so the report comes before the check's. */
export function hubsOwnTests({ python, title, reports }) {
  const report = join(reports, `jupyterhub${suffix(title)}.xml`);
  return {
    name: `JupyterHub's own tests of spawning and its proxy, with ours${named(title)}`,
    command: [python, 'test/hub/jupyterhub_suite/run.py', basetemp(reports), `--junit-xml=${report}`],
    count: () => countPytest(report),
  };
}

/** The tests of vitest that start a JupyterHub. */
export function realHubTests({ root, python, title, reports, files }) {
  const check = vitest({ root, reports, name: `real-hub${suffix(title)}`, files });
  return { ...check, name: `tests with a real hub${named(title)}`, env: { PORTWRAP_TEST_PYTHON: python } };
}

// pytest would keep its default directory
const basetemp = (reports) => `--basetemp=${join(reports, 'pytest')}`;
const named = (title) => (title === '' ? '' : `, ${title}`);
const suffix = (title) => (title === '' ? '' : `-${title.replace(/\W+/g, '-').toLowerCase()}`);
