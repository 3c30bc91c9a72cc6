// Around all test files of a run: a temporary directory of its own, and the end of the accounts. What tests leave
// there, or leave running as these accounts, fails the run by its name; npm test looks after the directory itself.
// Not here: one test file's own set-up.
import { readdirSync } from 'node:fs';
import { removeTestAccounts } from './accounts.ts';
import { variable } from './run-id.ts';
import { world } from './world.ts';

interface Run {
  readonly directory: string;
  end(): void;
}

export default async function setup(): Promise<() => void> {
  const { beginRun } = await import(new URL('../../../scripts/checks/run.mjs', import.meta.url).href);
  const own: Run | null = process.env[variable] === undefined ? beginRun(process.env) : null;
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
