// The npm package. Its prepack script (prepack.mjs) builds what it contains.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Refusal, step } from '../setup/say.mjs';

/** Makes it in `directory`; returns its path. */
export function makeTarball(root, directory) {
  return step('Making the npm package (npm pack)', async () => {
    const options = ['pack', '--json', '--pack-destination', directory];
    const output = npm(root, options);
    const [{ filename }] = JSON.parse(output.slice(output.indexOf('[')));
    return join(directory, filename);
  });
}

function npm(root, options) {
  try {
    return execFileSync('npm', options, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (error) {
    // npm has shown it, with what prepack.mjs says
    throw new Refusal(`npm pack failed (${error.status ?? error.message}); the reason is above.`);
  }
}
