// What all users of the demo read: the notebook "Start here", the configuration of their Jupyter servers, and the script
// that starts them. Copies, because users may not be able to read the clone.
// Not here: their homes.
import { chmodSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const notebook = 'Start here.ipynb';

/** `hub`: without the packages of demo/python/ there is no dashboard. */
export function writeShared(shared, hub) {
  cpSync(own('jupyter'), join(shared, 'jupyter'), { recursive: true });
  cpSync(own('single-user.sh'), join(shared, 'single-user.sh'));
  const text = readFileSync(own(notebook), 'utf8');
  writeFileSync(join(shared, notebook), hub.isOurs ? text : without(text, /^dashboard/));
  for (const name of readdirSync(shared, { recursive: true, encoding: 'utf8' })) {
    const path = join(shared, name);
    chmodSync(path, statSync(path).isDirectory() || path.endsWith('.sh') ? 0o755 : 0o644);
  }
}

const own = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The notebook without the cells whose id matches. */
function without(text, pattern) {
  const { cells, ...rest } = JSON.parse(text);
  return JSON.stringify({ cells: cells.filter(({ id }) => !pattern.test(id)), ...rest });
}
