// JupyterHub's own tests of its proxy, unchanged, with our command in the place of configurable-http-proxy.
// Its mock hub uses fixed ports: a lock keeps other users of it out meanwhile.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compiledCommand } from '../integration/proxy/support/command.ts';

const main = compiledCommand();
const tests = '/usr/lib/python3/dist-packages/jupyterhub/tests/test_proxy.py';
const runner = '/usr/bin/pytest-3';

test.skipIf(!existsSync(tests) || !existsSync(runner)).each(['relay', 'http-proxy'])(
  "JupyterHub's tests of its proxy pass with ours, engine %s",
  { timeout: 300_000 },
  async (engine) => {
    const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-hub-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const command = join(dir, 'configurable-http-proxy');
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${main}' --engine ${engine} "$@"\n`);
    chmodSync(command, 0o755);
    const lock = join(tmpdir(), 'portwrap-mockhub.lock');
    const argv = [lock, runner, '-q', '-p', 'no:cacheprovider', '-W', 'ignore', '--asyncio-mode=auto', tests];
    const env = { ...process.env, PATH: `${dir}:${process.env.PATH}` };
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile('flock', argv, { cwd: dir, env, maxBuffer: 1e8 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : 1, output: stdout + stderr }),
      );
    });
    expect(code, output.slice(-5000)).toBe(0);
    expect(Number(/(\d+) passed/.exec(output)?.[1])).toBeGreaterThan(25);
  },
);
