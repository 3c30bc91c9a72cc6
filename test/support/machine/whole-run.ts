// Around all test files of a run: a temporary directory of its own, and the accounts. Leftover files
// there, and leftover processes of these accounts, fail the run by name; npm test handles its own directory.
// Not here: the setup of one test file.
import { readdirSync } from 'node:fs';
import { makeTestAccounts, removeTestAccounts } from './accounts.ts';
import { variable } from './run-id.ts';
import { world } from './world.ts';

interface Run {
  readonly directory: string;
  end(): void;
}

export default async function setup(): Promise<() => void> {
  const { beginRun } = await import(new URL('../../../scripts/checks/run.mjs', import.meta.url).href);
  const own: Run | null = process.env[variable] === undefined ? beginRun(process.env) : null;
  makeTestAccounts();
  return () => {
    // a world's own accounts go with it
    const left = world === null ? removeTestAccounts().map((line) => `process ${line}`) : [];
    if (own !== null) {
      left.push(...readdirSync(own.directory).map((name) => `${own.directory}/${name}`));
      own.end();
    }
    if (left.length > 0) throw new Error(`the tests left behind:\n${left.join('\n')}`);
  };
}
