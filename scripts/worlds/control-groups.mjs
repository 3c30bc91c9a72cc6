// The control group that is the root of a world's groups: one below our own in each hierarchy. All groups
// made in the world are below it and are removed with it. Not here: the view inside the world (enter.sh).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes the groups; `entries` are the files into which the world's first process writes its pid. */
export function makeControlGroups(name) {
  const directories = ownGroups().map((group) => join(group, name));
  for (const directory of directories) {
    mkdirSync(directory);
    // in version 1 a new cpuset is empty, and no process can enter it
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (existsSync(join(directory, file)) && !existsSync(join(directory, 'cgroup.type')))
        writeFileSync(join(directory, file), readFileSync(join(directory, '..', file)));
    }
  }
  return {
    entries: directories.map((directory) => join(directory, 'cgroup.procs')),
    async remove() {
      for (const directory of directories) await removeTree(directory);
    },
  };
}

/** Our own group in every hierarchy that is mounted and can be written. */
function ownGroups() {
  const groups = lines('/proc/self/cgroup').map((line) => {
    const [, controllers, ...path] = line.split(':');
    return { controllers, path: path.join(':') };
  });
  const found = new Map();
  for (const line of lines('/proc/self/mountinfo')) {
    const [before, after] = line.split(' - ');
    const [type, , options] = after.split(' ');
    const [, , , root, point, flags] = before.split(' ');
    const named = ({ controllers }) =>
      type === 'cgroup2'
        ? controllers === ''
        : controllers !== '' && controllers.split(',').every((one) => options.split(',').includes(one));
    const group = type.startsWith('cgroup') && flags.startsWith('rw') ? groups.find(named) : undefined;
    if (group === undefined || !isBelow(group.path, root)) continue;
    found.set(group.controllers, join(point, group.path.slice(root === '/' ? 0 : root.length)));
  }
  return [...found.values()];
}

const isBelow = (path, root) => root === '/' || path === root || path.startsWith(`${root}/`);
const lines = (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean);

/** The kernel returns EBUSY until the last process of a group has been reaped. */
async function removeTree(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  }
  for (let tries = 0; ; tries += 1) {
    try {
      return rmdirSync(directory);
    } catch (error) {
      if (error.code !== 'EBUSY' || tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
