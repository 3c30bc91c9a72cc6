// What stands at /tmp, /var/tmp and /dev/shm in a view, and how large it may become.
import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { bwrapArgs } from '../../../../portwrap/launch/bwrap-argv.ts';
import { type FileViewRequest, fileView } from '../../../../portwrap/launch/file-view.ts';
import { lookAs } from '../../../../portwrap/system/look.ts';
import { createToolbox } from '../../../../portwrap/system/tools.ts';
import { memoryBounds } from '../../../../portwrap/temporary/bounds.ts';

const gigabyte = 2 ** 30;

async function mountsOf(request: Partial<FileViewRequest>) {
  const view = await fileView({ keep: [], hide: [], ...request }, lookAs(createToolbox(), null));
  return Object.fromEntries(
    view.mounts.map(({ path, kind, bytes }) => [path, bytes === undefined ? kind : `${kind} ${bytes}`]),
  );
}

test('by default they are on disk, and shared memory is half of the limit', async () => {
  expect(await mountsOf({ memory: gigabyte, temporary: ['/opt'] })).toMatchObject({
    '/tmp': 'temporary',
    '/var/tmp': 'temporary',
    '/opt': 'temporary',
    '/dev/shm': `scratch ${gigabyte / 2}`,
  });
});

test('in memory each has a quarter of the limit, or the size that is given', async () => {
  const mounts = await mountsOf({ memory: gigabyte, temporaryIn: 'memory', temporary: ['/opt'] });
  for (const path of ['/tmp', '/var/tmp', '/opt']) expect(mounts[path]).toBe(`scratch ${gigabyte / 4}`);
  const sized = await mountsOf({ memory: gigabyte, temporaryIn: 'memory', temporarySize: 5_000_000 });
  expect(sized['/tmp']).toBe('scratch 5000000');
});

test('without a limit the memory of the machine counts', async () => {
  const [, bytes] = (await mountsOf({}))['/dev/shm']?.split(' ') ?? [];
  expect(Number(bytes)).toBeGreaterThan(0);
  expect(Number(bytes)).toBeLessThanOrEqual(totalmem() / 2);
});

test('all together have no more than the memory', () => {
  const { shared, temporary } = memoryBounds(gigabyte, null);
  expect(shared + 2 * temporary).toBeLessThanOrEqual(gigabyte);
});

test('a bound precedes its mount, and files on disk come from the directory that was made', () => {
  const args = bwrapArgs({
    files: {
      readOnlyRoot: false,
      temporaryIn: 'disk',
      temporaryBytes: null,
      devices: null,
      mounts: [
        { kind: 'temporary', path: '/tmp' },
        { kind: 'scratch', path: '/dev/shm', bytes: 7 },
        { kind: 'private', path: '/run/user/1', bytes: 8 },
      ],
      synthetic: [],
    },
    temporarySources: { '/tmp': '/var/tmp/portwrap-x/files/0-tmp' },
    ...{ syntheticDescriptors: [], environment: {}, workingDirectory: '/', closed: [], gateCapabilities: [] },
    ...{ identity: null, waitsForMaps: false, gateIsInit: false, terminal: false },
  });
  expect(args.slice(args.indexOf('/proc') + 1, args.indexOf('--chdir'))).toEqual([
    ...['--bind', '/var/tmp/portwrap-x/files/0-tmp', '/tmp'],
    ...['--size', '7', '--perms', '1777', '--tmpfs', '/dev/shm'],
    ...['--size', '8', '--perms', '0700', '--tmpfs', '/run/user/1'],
  ]);
});
