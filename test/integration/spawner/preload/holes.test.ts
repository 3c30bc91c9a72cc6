// Free blocks of Python's allocator, which would make each server copy the pages that they are in. How much memory servers
// take is measured by bench/memory.ts.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forkedService, type ServerReport, startedReport } from '../../../support/preload.ts';

const makeHoles = `
objects = [bytes(bytearray(index % 400)) for index in range(200_000)]
del objects[::2]
`;
const countFree = `
def free(): return sum(int(size) * int(blocks) for size, blocks in holes.ROW.findall(holes.allocator_report()))
`;

test('a server finds none of the holes between the objects of its modules', { timeout: 60_000 }, async () => {
  const { service } = await forkedService({
    modules: ['http.server', 'kept'],
    prepare: (path) =>
      writeFileSync(
        join(path, 'kept.py'),
        `from portwrap_preload import holes\n${makeHoles}${countFree}before = free()\nvalues = lambda: [before, free()]\n`,
      ),
  });
  const { parent, kept } = await startedReport<ServerReport & { kept: [number, number] }>(service, 'ann');
  expect(parent.name).toBe('portwrap-init\n');
  expect(kept[0]).toBeGreaterThan(10_000_000);
  expect(kept[1]).toBeLessThan(1_000_000);
});

const program = `
import json, sys
sys.path.insert(0, "preload")
from portwrap_preload import holes
${makeHoles}${countFree}before = free()
holes.fill()
print(json.dumps([before, free()]))
`;

test('nothing is printed while they are filled', () => {
  const { stdout, stderr } = python({});
  const [before, after] = JSON.parse(stdout) as [number, number];
  expect(before).toBeGreaterThan(10_000_000);
  expect(after).toBeLessThan(1_000_000);
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
