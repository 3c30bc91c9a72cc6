// The checks of the plugin with one JupyterHub: the plugin's own tests, and JupyterHub's with our spawner and proxy.
// Not here: where that JupyterHub comes from (../worlds/python-environment.mjs).
import { join } from 'node:path';
import { countPytest } from './junit-report.mjs';
import { vitest } from './vitest-check.mjs';

/** `python`: with that JupyterHub. `title`: which one it is, "" for the one of this machine. */
export function pluginTests({ python, title, reports }) {
  const argv = [python, '-m', 'pytest', '-q'];
  return {
    name: `tests of the JupyterHub plugin (pytest)${named(title)}`,
    ...pytest({ argv, all: ['test/hub'], below: 'test/hub/', reports, name: `pytest${suffix(title)}` }),
  };
}

/** JupyterHub's own tests. Each test has a deadline (jupyterhub_suite/run.py), so the report comes before the check's. */
export function hubsOwnTests({ python, title, reports }) {
  const argv = [python, 'test/hub/jupyterhub_suite/run.py'];
  return {
    name: `JupyterHub's own tests of spawning and its proxy, with ours${named(title)}`,
    ...pytest({ argv, reports, name: `jupyterhub${suffix(title)}` }),
  };
}

/** `argv` gets `all`, or in a second run the names of tests in files `below`, and the options of reports. */
function pytest({ argv, all = [], below = '', reports, name }) {
  const [first, second] = ['', '-again'].map((end) => join(reports, `${name}${end}.xml`));
  const run = (report, tests) => [...argv, ...tests, basetemp(reports), `--junit-xml=${report}`];
  return {
    command: run(first, all),
    again: (tests) =>
      run(
        second,
        tests.map((test) => `${below}${test}`),
      ),
    count: () => countPytest(first, second),
  };
}

/** The tests of vitest that start a JupyterHub. */
export function realHubTests({ root, python, title, reports, files }) {
  const check = vitest({ root, reports, name: `real-hub${suffix(title)}`, files });
  const env = { PORTWRAP_TEST_PYTHON: python };
  return { ...check, name: `tests with a real hub${named(title)}`, env, minutes: 90 };
}

// pytest would keep its default directory
const basetemp = (reports) => `--basetemp=${join(reports, 'pytest')}`;
const named = (title) => (title === '' ? '' : `, ${title}`);
const suffix = (title) => (title === '' ? '' : `-${title.replace(/\W+/g, '-').toLowerCase()}`);
