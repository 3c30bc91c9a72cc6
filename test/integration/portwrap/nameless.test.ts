// What other sandboxes of the same user can see of a launch: nothing, from its first moment on, since whoever reaches the
// forwarder's API socket, or writes the files of a launch, has left the own sandbox.
// Not here: what the payload itself sees (inside.test.ts).
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createToolbox } from '../../../portwrap/index.ts';
import { makeNamelessDirectory } from '../../../portwrap/network/nameless-directory.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { installPortwrap, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());

describe.each(modes())('another sandbox of the user, both started by $name,', (mode) => {
  test('sees no file of a launch at any time, wherever TMPDIR and XDG_RUNTIME_DIR are', async () => {
    const [port = 0] = await freePorts(1);
    const shown = join(installed.directory, `shown-${mode.become.length}`);
    mkdirSync(shown);
    chmodSync(shown, 0o1777);
    const watch = ['/usr/bin/python3', installed.fixture('watch-directories.py'), shown, '/tmp', '/run'];
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    const watcher = runPortwrap(installed, mode, port, watch, { stdio: [...stdio] });
    await expect.poll(watcher.stdout, { timeout: 15_000 }).toBe('watching\n');
    const [other = 0] = await freePorts(1);
    const environments = [
      { TMPDIR: shown },
      { TMPDIR: shown, XDG_RUNTIME_DIR: shown },
      { XDG_RUNTIME_DIR: '' },
    ];
    for (const environment of environments) {
      const run = runPortwrap(installed, mode, other, ['true'], { environment });
      expect(await run.ended, run.stderr()).toBe(0);
    }
    watcher.process.stdin?.end();
    expect(await watcher.ended).toBe(0);
    const seen = JSON.parse(watcher.stdout().replace('watching\n', '')) as string[];
    expect(seen.filter((path) => /portwrap|socket|fifo/.test(path) || path.startsWith(shown))).toEqual([]);
  });

  test('a launch leaves nothing below /tmp and /run', async () => {
    const [port = 0] = await freePorts(1);
    const run = runPortwrap(installed, mode, port, ['true'], { environment: { XDG_RUNTIME_DIR: '' } });
    expect(await run.ended, run.stderr()).toBe(0);
    const own = `portwrap-${run.pid.toString(16).padStart(8, '0')}`;
    const places = ['/tmp', '/run', `/run/user/${mode.uid}`].filter(existsSync);
    expect(places.flatMap((place) => readdirSync(place)).filter((name) => name.startsWith(own))).toEqual([]);
  });
});

test('a directory without a name takes a socket, and outlives the program that made it', async () => {
  const made = makeNamelessDirectory(createToolbox());
  const { fd } = await made.opened;
  const path = `/proc/self/fd/${fd}`;
  const server = createServer((socket) => socket.end()).listen(`${path}/socket`);
  await once(server, 'listening');
  const client = connect({ path: `${path}/socket` }).resume();
  await once(client, 'close');
  expect(readdirSync(path)).toEqual(['socket']);
  // a path that leads to another directory, or nowhere
  // until the mount namespace of its maker has gone, it is where it was there
  await expect.poll(() => readlinkSync(path)).toBe('/');
  expect(readdirSync(realpathSync(path))).not.toContain('socket');
  await new Promise((resolve) => server.close(resolve));
  await made.close();
  expect(existsSync(path) && readlinkSync(path) === '/').toBe(false);
});

test('one that cannot be made says why', async () => {
  const directory = mkdtempSync(join(installed.directory, 'tools-'));
  const tools = createToolbox();
  const made = makeNamelessDirectory((name) => (name === 'sh' ? directory : tools(name)));
  await expect(made.opened).rejects.toMatchObject({
    code: 'FORWARD_FAILED',
    message: expect.stringMatching(/unshare.*Permission denied/),
  });
  await made.close();
});
