// What arrives while a read-only view is built, found in the mounts of the sandbox.
import { expect, test } from 'vitest';
import { lateMount } from '../../../../portwrap/launch/late-mounts.ts';

const line = (point: string, options: string) => `36 35 98:0 / ${point} ${options} - tmpfs none rw\n`;
const files = {
  readOnlyRoot: true,
  temporaryIn: 'disk',
  temporaryBytes: null,
  devices: null,
  mounts: [{ kind: 'writable', path: '/home/a b' } as const, { kind: 'read-only', path: '/data' } as const],
  synthetic: [],
};

test.each([
  ['a writable mount that was not there before is found', line('/mnt/late', 'rw,nosuid'), '', '/mnt/late'],
  ['one below a read-only path is found', line('/data/late', 'rw'), '', '/data/late'],
  ['a read-only one does no harm', line('/mnt/late', 'ro,nosuid'), '', null],
  ['one that was there before is none that arrived', line('/root/x', 'rw'), line('/root/x', 'rw'), null],
  ['the home is writable, with what is mounted in it', line('/home/a\\040b/x', 'rw'), '', null],
  ['devices are as they are', line('/dev/pts', 'rw'), '', null],
])('%s', (_, inside, before, found) => {
  expect(lateMount(files, line('/', 'ro') + inside, before)).toBe(found);
});
