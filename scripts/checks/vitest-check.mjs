// A check that runs vitest: its command, the second run of what failed, and the counts of both.
// Not here: reading the reports (vitest-report.mjs).
import { join } from 'node:path';
import { countVitest } from './vitest-report.mjs';

/**
 * `name`: of its reports. `files`: what vitest runs, or all. `config`: another one than the usual. `node`: another node
 * than this one.
 */
export function vitest({ root, reports, name, files = [], config, node = process.execPath }) {
  const [first, second] = ['', '-again'].map((suffix) => join(reports, `${name}${suffix}.json`));
  const configured = config === undefined ? [] : ['--config', join(root, config)];
  const program = [node, join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...configured];
  const run = (report, ...args) => [
    ...program,
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
  ];
  return {
    command: run(first, ...files),
    again: (failed) => run(second, '--maxWorkers=1', ...failed),
    count: () => countVitest(first, second),
  };
}
