// The required version of Node, and the check of the running one. Not here: installing it.
import { readFileSync } from 'node:fs';
import { Refusal } from './say.mjs';

export function checkNodeVersion(version = process.versions.node) {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const needed = /\d+\.\d+/.exec(manifest.engines.node)[0];
  if (!isAtLeast(version, needed)) {
    throw new Refusal(`Node ${needed} or later is needed; this is ${version} (${process.execPath}).`);
  }
}

export function isAtLeast(version, needed) {
  const [a, b] = [version, needed].map((text) => text.split('.').map(Number));
  for (const [index, number] of b.entries()) {
    if ((a[index] ?? 0) !== number) return (a[index] ?? 0) > number;
  }
  return true;
}
