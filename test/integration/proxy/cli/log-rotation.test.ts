// The file of the access log is rotated: by renaming without a signal, on SIGHUP, and by copying and truncating.
// Not here: the lines (access-log.test.ts), a full disk (full-disk.test.ts).
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { compiledCommand, freePort, runCommand, runProgram } from '../support/command.ts';

const main = compiledCommand();
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-rotation-'));
  return () => rmSync(dir, { recursive: true });
});
const file = () => join(dir, 'access.log');
const rotated = () => join(dir, 'access.log.1');
const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

async function logged(port: number, path: string): Promise<void> {
  await (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Connection: 'close' } })).text();
}

async function argvOf(workers: number): Promise<{ port: number; argv: string[] }> {
  const port = await freePort();
  const log = ['--access-log', 'common', '--access-log-file', file(), '--workers', `${workers}`];
  return { port, argv: ['--ip', '127.0.0.1', '--port', `${port}`, ...log] };
}

const token = { CONFIGPROXY_AUTH_TOKEN: 'secret' };

test.each([1, 2])(
  '%i processes notice that the file was renamed, lose no line, and need no signal',
  async (workers) => {
    const { port, argv } = await argvOf(workers);
    await runCommand(main, argv, token).until('Proxy API at');
    for (let n = 0; n < 8; n++) await logged(port, `/before${n}`);
    await expect.poll(() => text(file())).toMatch('/before7');
    renameSync(file(), rotated());
    let after = 0;
    // until every process writes into the new file
    const quiet = { length: -1 };
    await expect
      .poll(
        async () => {
          const before = text(rotated()).length;
          for (let n = 0; n < 8; n++) await logged(port, `/after${after++}/`);
          const isSame = before === text(rotated()).length && text(file()).length > 0;
          const isQuiet = isSame && quiet.length === before;
          quiet.length = before;
          return isQuiet;
        },
        { interval: 600, timeout: 20_000 },
      )
      .toBe(true);
    const all = () => text(rotated()) + text(file());
    for (let n = 0; n < after; n++) await expect.poll(all).toMatch(`GET /after${n}/ `);
  },
);

test.each([1, 2])(
  'SIGHUP makes %i processes open the file again, also without a request',
  async (workers) => {
    const { port, argv } = await argvOf(workers);
    const command = runCommand(main, argv, token);
    await command.until('Proxy API at');
    await logged(port, '/before');
    await expect.poll(() => text(file())).toMatch('/before');
    renameSync(file(), rotated());
    command.child.kill('SIGHUP');
    await expect.poll(() => existsSync(file())).toBe(true);
  },
);

test('after copying and truncating, lines are appended to the empty file', async () => {
  const { port, argv } = await argvOf(1);
  await runCommand(main, argv, token).until('Proxy API at');
  await logged(port, '/before');
  await expect.poll(() => text(file())).toMatch('/before');
  copyFileSync(file(), rotated());
  truncateSync(file());
  await logged(port, '/after');
  await expect.poll(() => text(file())).toMatch(/^127\.0\.0\.1 .*\/after/);
});

test('a proxy that may not create the file again writes on into the old one, and says so once', async () => {
  const { port, argv } = await argvOf(1);
  chmodSync(join(main, '../..'), 0o755);
  chmodSync(dir, 0o777);
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const command = runProgram('setpriv', [...nobody, process.execPath, main, ...argv], token);
  await command.until('Proxy API at');
  chownSync(dir, 0, 0);
  chmodSync(dir, 0o755);
  renameSync(file(), rotated());
  command.child.kill('SIGHUP');
  await command.until(/cannot open .*access\.log again: EACCES.*; the old file is written on/);
  for (const path of ['/one', '/two']) await logged(port, path);
  await expect.poll(() => text(rotated())).toMatch(/\/one[\s\S]*\/two/);
  expect(command.stdout().match(/cannot open/g)).toHaveLength(1);
});
