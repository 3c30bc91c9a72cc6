// Where scripts/install/test.mjs has put what the tests install, and the roots of Debian.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Place {
  /** Of npm run package, and the Node of Debian 12. */
  readonly packages: string;
  /** For what the machines change. */
  readonly scratch: string;
  root(name: string): string;
  /** The one file of the packages whose name matches. */
  find(pattern: RegExp): string;
}

/** Throws where the tests were not started by npm run test:install. */
export function places(environment: NodeJS.ProcessEnv = process.env): Place {
  const { INSTALL_DIRECTORY: directory, INSTALL_ROOTS: roots } = environment;
  if (directory === undefined || roots === undefined)
    throw new Error('these tests need packages and roots of Debian: npm run test:install');
  const packages = join(directory, 'packages');
  return {
    packages,
    scratch: join(directory, 'machines'),
    root: (name) => join(roots, name),
    find(pattern) {
      const names = readdirSync(packages).filter((name) => pattern.test(name));
      const [name] = names;
      if (name === undefined || names.length > 1) throw new Error(`${pattern} is ${names.length} packages`);
      return join(packages, name);
    },
  };
}
