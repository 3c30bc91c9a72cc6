// Why a test does not run here, or must fail here: options of a test or of a describe block. npm test prints the
// reasons at its end. Vitest's own skipIf, runIf and fails take none (test/unit/house/tests.test.ts).
import { existsSync } from 'node:fs';
import type { TestOptions } from 'vitest';

/** Not run where the condition holds. */
export function skipIf(condition: boolean, reason: string): TestOptions {
  return condition ? { skip: true, meta: { skipped: reason } } : {};
}

export const needsRoot = skipIf(process.getuid?.() !== 0, 'needs root');

export const needsLoopDevices = skipIf(
  process.getuid?.() !== 0 || !existsSync('/dev/loop-control'),
  'needs root and loop devices',
);

/** Runs everywhere, and must fail where the condition holds: without the limitation, the test fails with that message. */
export function failsIf(condition: boolean, reason: string): TestOptions {
  return condition ? { fails: true, meta: { expectedFailure: reason } } : {};
}

declare module 'vitest' {
  interface TaskMeta {
    skipped?: string;
    expectedFailure?: string;
  }
}
