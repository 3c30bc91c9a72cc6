// Packages are made whole or not at all. Not here: what is in them (test/install/packages.test.ts).
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const { ensureNative } = (await import(join(root, 'scripts/package/tools.mjs'))) as {
  ensureNative: (root: string) => void;
};

afterEach(() => vi.unstubAllEnvs());

test('no package is made without a C compiler, and the reason says what to install', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'pw-package-'));
  try {
    cpSync(join(root, 'native'), join(checkout, 'native'), { recursive: true });
    vi.stubEnv('PATH', checkout);
    expect(() => ensureNative(checkout)).toThrow(
      /^The package would lack programs\. portwrap-forward is not built: there is no C compiler here .*apt-get install gcc/s,
    );
  } finally {
    rmSync(checkout, { recursive: true });
  }
});
