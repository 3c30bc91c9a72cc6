// The time that goes into packages: that of the last commit, so that the same commit gives the same files.
import { execFileSync } from 'node:child_process';

/** Seconds since the epoch (reproducible-builds.org, SOURCE_DATE_EPOCH). */
export function sourceDate(root) {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) return Number(given);
  try {
    return Number(execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }));
  } catch {
    return Math.floor(Date.now() / 1000); // no git checkout
  }
}
