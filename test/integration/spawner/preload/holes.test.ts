// Free blocks of Python's allocator, which would make each server copy the pages that they are in. How much memory servers
// take is measured by bench/memory.ts.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const program = `
import json, sys
sys.path.insert(0, "preload")
from portwrap_preload import holes
free = lambda: sum(int(size) * int(blocks) for size, blocks in holes.ROW.findall(holes.allocator_report()))
objects = [bytes(bytearray(index % 400)) for index in range(200_000)]
del objects[::2]
before = free()
kept = holes.filled()
print(json.dumps([before, free()]))
`;

test('what is free between objects is taken, but for a hundredth, and nothing is printed', () => {
  const { stdout, stderr } = python({});
  const [before, after] = JSON.parse(stdout) as [number, number];
  expect(before).toBeGreaterThan(10_000_000);
  expect(after).toBeLessThan(before / 100 + 300_000);
  expect(stderr).toBe('');
});

test('without that allocator nothing is taken', () => {
  expect(python({ PYTHONMALLOC: 'malloc' })).toMatchObject({ stdout: '[0, 0]\n', stderr: '' });
});

function python(environment: Readonly<Record<string, string>>) {
  return spawnSync('/usr/bin/python3', ['-c', program], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
}
