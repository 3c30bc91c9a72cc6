// Somebody who writes as long as it is taken, and the proof that back pressure reached him.
import type { Writable } from 'node:stream';
import { expect } from 'vitest';

/** Writes as long as it is taken; says how many bytes that were. */
export function flood(sink: Writable): () => number {
  let written = 0;
  const more = (): void => {
    while (written < 200_000_000) {
      written += 65_536;
      if (!sink.write(Buffer.alloc(65_536))) break;
    }
    sink.once('drain', more);
  };
  more();
  return () => written;
}

/** It comes to rest, long before everything is written. */
export async function expectHeldBack(written: () => number): Promise<void> {
  let before = -1;
  const isStill = () => {
    const still = written() === before;
    before = written();
    return still && before > 0;
  };
  await expect.poll(isStill, { interval: 300, timeout: 20_000 }).toBe(true);
  expect(written()).toBeLessThan(40_000_000);
}
