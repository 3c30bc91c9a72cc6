// JupyterHub's own tests of its proxy, unchanged, with our command in the place of configurable-http-proxy.
// Its mock hub uses fixed ports and leaves servers behind: it has a network and processes of its own, which end
// with it.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compiledCommand } from '../integration/proxy/support/command.ts';
import { refusalOfInternalSsl } from '../support/hub/internal-ssl.ts';
import { skipIf } from '../support/reasons.ts';

const main = compiledCommand();
const tests = '/usr/lib/python3/dist-packages/jupyterhub/tests/test_proxy.py';
/** With a hub that has internal_ssl: it starts the proxy with --api-ssl-* and --client-ssl-*. */
const testsOfTls = '/usr/lib/python3/dist-packages/jupyterhub/tests/test_internal_ssl_connections.py';
const files = refusalOfInternalSsl() === '' ? [tests, testsOfTls] : [tests];
const killed = '\nkilled after 280 s: the tests above had not ended';

test.each(['relay', 'http-proxy'])(
  "JupyterHub's tests of its proxy pass with ours, engine %s",
  { ...skipIf(!existsSync(tests), "Debian's jupyterhub is not installed"), timeout: 300_000 },
  async (engine) => {
    const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-hub-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const command = join(dir, 'configurable-http-proxy');
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${main}' --engine ${engine} "$@"\n`);
    chmodSync(command, 0o755);
    const alone = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const inside = 'ip link set lo up && exec "$@"';
    const argv = [
      ...asUser,
      ...alone,
      'sh',
      '-c',
      inside,
      'sh',
      ...['/usr/bin/python3', '-m', 'pytest'],
      '-q',
      '-p',
      'no:cacheprovider',
      '-W',
      'ignore',
      '--asyncio-mode=auto',
      // a hub that lives as long as a module of tests: newer versions of pytest-asyncio ask for it by this
      ...['-o', 'asyncio_default_fixture_loop_scope=module'],
      // where each thread is, when one takes too long
      ...['-o', 'faulthandler_timeout=150'],
      ...files,
    ];
    // the hub's tests leave what they make below it
    const env = { ...process.env, TMPDIR: dir, PATH: `${dir}:${process.env.PATH}` };
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      const patience = { timeout: 280_000, killSignal: 'SIGKILL' } as const;
      execFile('unshare', argv, { cwd: dir, env, maxBuffer: 1e8, ...patience }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : 1, output: `${stdout}${stderr}${error?.killed ? killed : ''}` }),
      );
    });
    expect(code, output.slice(-5000)).toBe(0);
    expect(Number(/(\d+) passed/.exec(output)?.[1])).toBeGreaterThan(files.length === 2 ? 28 : 25);
  },
);
