// npm start on a machine that does not reach PyPI: Debian's packages serve, and nothing half made is kept.
// Not here: the demo itself (demo.test.ts), the hub from PyPI (test/integration/demo/start-here.test.ts).
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../support/machine/free-ports.ts';
import { Script } from './support/script.ts';

let cache: string;
let demo: Script;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'pwc-'));
  chmodSync(cache, 0o755);
});
afterEach(async () => {
  await demo.dispose();
  rmSync(cache, { recursive: true });
});

async function start(env: Record<string, string>): Promise<number> {
  const [a = 0, b, c, d, e] = await freePorts(5);
  demo = new Script('start.mjs', {
    ...{ PORTWRAP_PORT: `${a}`, PORTWRAP_PROXY_API_PORT: `${b}`, PORTWRAP_HUB_PORT: `${c}` },
    ...{ PORTWRAP_SERVICE_PORT: `${d}`, PORTWRAP_PAGE_PORT: `${e}`, PORTWRAP_PORT_RANGE: '27200-27299' },
    ...{ PORTWRAP_CACHE_DIR: cache, ...env },
  });
  return a;
}

test('without PyPI the demo says so in one line, runs the hub of this system, and leaves the cache empty', async () => {
  const port = await start({
    PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
    PIP_NO_INDEX: '0',
    PIP_FIND_LINKS: '',
  });
  await demo.said(/Ctrl-C stops everything/);
  const told = demo.output.split('\n').filter((line) => line.includes('PyPI cannot be reached'));
  expect(told).toEqual([
    expect.stringMatching(
      /^Using the JupyterHub of this system's packages: PyPI cannot be reached \(.+\)\.$/,
    ),
  ]);
  const { version } = (await (await fetch(`http://127.0.0.1:${port}/hub/api/`)).json()) as {
    version: string;
  };
  expect(version).not.toMatch(/^6\.1\./);
  expect(readdirSync(cache)).toEqual([]);
  demo.child.kill('SIGINT');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
});

test('a cache that another user could change is refused', async () => {
  const open = join(cache, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  await start({ PORTWRAP_CACHE_DIR: open });
  expect(await demo.ended).toEqual({ code: 1, signal: null });
  expect(demo.output).toContain(`The cache directory ${open} can be changed by other users.`);
  expect(demo.output).toContain('PORTWRAP_CACHE_DIR=DIRECTORY');
});
