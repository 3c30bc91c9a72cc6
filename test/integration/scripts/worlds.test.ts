// The worlds that npm test makes: each file that needs one runs in one, each runs the census, and how they are begun.
// Not here: making them, which npm test does.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const load = (name: string) => import(new URL(`../../../scripts/worlds/${name}`, import.meta.url).href);

interface World {
  readonly name: string;
  readonly part: readonly string[];
  readonly alone: readonly string[];
}
const { worlds } = (await load('worlds.mjs')) as { worlds: readonly World[] };
const { worldArgv, worldEnvironment } = await load('run-world.mjs');

test('every test that needs a world runs in one', () => {
  const listed = worlds.flatMap(({ part, alone }) => [...part, ...alone]);
  for (const name of readdirSync(join(root, 'test/integration/world'))) {
    expect(listed).toContain(`test/integration/world/${name}`);
  }
});

describe.each(worlds)('the world $name', ({ name, part, alone }) => {
  test('takes the census with nobody beside it, and runs files that exist, once', () => {
    expect(alone[0]).toBe('test/integration/world/census.test.ts');
    // whoever looks at a whole world is never beside others
    const looksAtAll = (file: string) => file.startsWith('test/integration/world/');
    expect({ beside: part.filter(looksAtAll), alone: alone.filter(looksAtAll) }).toEqual({
      beside: [],
      alone,
    });
    expect([...part, ...alone].filter((file) => file.endsWith('/automount.test.ts')).length).toBe(
      name === 'automount' ? 1 : 0,
    );
    expect(part.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(new Set([...part, ...alone]).size).toBe(part.length + alone.length);
  });
});

test('a world is entered through its control groups, with namespaces and private mounts of its own', () => {
  const entries = ['/sys/fs/cgroup/memory/w/cgroup.procs', '/sys/fs/cgroup/pids/w/cgroup.procs'];
  expect(worldArgv({ root: '/src', part: ['a.test.ts'], entries })).toEqual([
    ...['sh', '-c', 'until [ "$1" = -- ]; do echo $$ > "$1" || exit; shift; done; shift; exec "$@"', 'sh'],
    ...[...entries, '--'],
    ...['unshare', '--mount', '--pid', '--fork', '--net', '--ipc', '--cgroup'],
    ...['--propagation', 'private', '--kill-child', '--', 'sh', '/src/scripts/worlds/enter.sh'],
    ...[process.execPath, '/src/node_modules/vitest/vitest.mjs', 'run', '--reporter=default'],
    ...['--reporter=json', '--outputFile.json=/world/vitest.json', 'a.test.ts'],
  ]);
});

test('what is asked of a world is in its environment, word by word', () => {
  const world = { name: 'own', mounts: 'shared', own: ['/tmp', '/var'], home: 'plain', groups: 'none' };
  expect(worldEnvironment({ root: '/src', world, stage: '/tmp/w' })).toEqual({
    ...{ WORLD_NAME: 'own', WORLD_MOUNTS: 'shared', WORLD_OWN: '/tmp /var', WORLD_HOME: 'plain' },
    ...{ WORLD_GROUPS: 'none', WORLD_STAGE: '/tmp/w', WORLD_SOURCE: '/src' },
  });
});
