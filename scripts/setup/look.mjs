// Checks that commands and Python modules are installed. Fast: it runs before every start.
// Not here: the list of them (needs.mjs).
import { execFileSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { isAtLeast } from './node-version.mjs';

const systemPython = '/usr/bin/python3';
const oldestHub = '3.0';

/** The command's path, or undefined. Administrators' directories are searched even if PATH lacks them. */
export function findCommand(name) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.map((directory) => join(directory || '.', name)).find(isExecutable);
}

/** The Python that has all modules: that of the `jupyterhub` command if it has them, otherwise the system's. */
export function choosePython(modules) {
  const ofHub = interpreterOf(findCommand('jupyterhub'));
  const candidates = [...new Set([ofHub, systemPython])].filter((path) => path && isExecutable(path));
  const looked = candidates.map((python) => ({ python, missing: missingModules(python, modules) }));
  return (
    looked.find(({ missing }) => missing.length === 0) ??
    looked.find(({ python }) => python === systemPython) ?? { python: systemPython, missing: modules }
  );
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function interpreterOf(script) {
  if (script === undefined) return undefined;
  const head = Buffer.alloc(256);
  const descriptor = openSync(script, 'r');
  const length = readSync(descriptor, head);
  closeSync(descriptor);
  const [command = ''] = /^#!\s*(\S+)/.exec(head.toString('utf8', 0, length))?.slice(1) ?? [];
  return isAbsolute(command) && /python[\d.]*$/.test(command) ? command : undefined;
}

// Finding a module is much faster than importing it. The version comes from the package metadata.
const lookup = `
import importlib.util, sys
for name in sys.argv[1:]:
    found = importlib.util.find_spec(name) is not None
    version = ""
    if found and name == "jupyterhub":
        from importlib.metadata import version as version_of
        version = version_of(name)
    print(name, int(found), version)
`;

/** Those of the modules that this Python lacks. */
export function missingModules(python, modules) {
  let answer;
  try {
    answer = execFileSync(python, ['-c', lookup, ...modules], {
      encoding: 'utf8',
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return modules;
  }
  const lines = answer.split('\n').filter(Boolean);
  return lines
    .map((line) => line.split(' '))
    .filter(([, found, version]) => found !== '1' || (version && !isAtLeast(version, oldestHub)))
    .map(([name]) => name);
}
