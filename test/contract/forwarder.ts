// What every forwarder promises, whichever program it is: held by forwarder.test.ts for each driver.
// Not here: how a driver does it (portwrap/slirp4netns.ts).
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Forwarder } from '../../portwrap/forwarder.ts';
import {
  createToolbox,
  fileView,
  findAccount,
  launch,
  noLimits,
  ownAddresses,
  type Sandbox,
  type Toolbox,
} from '../../portwrap/index.ts';
import { isRoot, testAccount } from '../support/accounts.ts';
import { freePorts } from '../support/free-ports.ts';
import { isListening } from '../support/http.ts';
import { installPortwrap } from '../support/run-portwrap.ts';

export function describeForwarder(name: string, make: (tools: Toolbox, asRoot: boolean) => Forwarder): void {
  describe(`the forwarder ${name}`, () => {
    const installed = installPortwrap();
    afterAll(() => installed.remove());
    const tools = createToolbox();
    const echo = ['node', installed.fixture('echo.mjs')];

    const start = async (hostPorts: readonly number[], command: readonly string[]): Promise<Sandbox> =>
      launch(
        {
          tools,
          forwarder: make(tools, isRoot),
          asRoot: isRoot,
          hostAddresses: ownAddresses(),
          cgroups: { version: 2, directories: {}, hint: '' },
        },
        {
          directory: join(mkdtempSync(join(installed.directory, 'state-')), 's'),
          command,
          environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
          workingDirectory: '/',
          account: isRoot ? await findAccount(tools, testAccount('pwtest-a').name) : null,
          files: fileView({ keep: [], hide: [] }),
          policy: { internet: false, dns: false, hosts: [] },
          limits: noLimits,
          hostAddress: '127.0.0.1',
          hostPorts,
          guestPort: 8888,
          lifetime: 'detached',
          stdio: ['ignore', 1, 2],
        },
        new AbortController().signal,
      );
    const end = async (sandbox: Sandbox) => {
      await sandbox.stop(0);
      expect(await isListening(sandbox.record.hostPort)).toBe(false);
      rmSync(sandbox.record.directory, { recursive: true });
    };

    test('has bound the host port when the launch is over', async () => {
      const hostPorts = await freePorts(1);
      const sandbox = await start(hostPorts, ['sleep', '1000']);
      expect(sandbox.record.hostPort).toBe(hostPorts[0]);
      const rival = createServer().listen(hostPorts[0], '127.0.0.1');
      const [error] = (await once(rival, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('EADDRINUSE');
      await end(sandbox);
    });

    test('says PORT_TAKEN for a taken port, and takes the next candidate', async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const taken = (holder.address() as { port: number }).port;
      await expect(start([taken], ['true'])).rejects.toMatchObject({ code: 'PORT_TAKEN', exit: 98 });
      const [free = 0] = await freePorts(1);
      const sandbox = await start([taken, free], ['sleep', '1000']);
      expect(sandbox.record.hostPort).toBe(free);
      await end(sandbox);
      holder.close();
    });

    test('carries 5 MB both ways unharmed, and a half-close', async () => {
      const sandbox = await start(await freePorts(1), echo);
      const { hostPort } = sandbox.record;
      await expect
        .poll(() => exchange(hostPort, Buffer.from('hi')), { interval: 20, timeout: 15_000 })
        .toBe('hiend');
      const sent = randomBytes(2_500_000).toString('hex');
      expect((await exchange(hostPort, Buffer.from(sent))) === `${sent}end`).toBe(true);
      await end(sandbox);
    });

    test('reaches a guest that listens late', async () => {
      const directory = mkdtempSync(join(installed.directory, 'late-'));
      chmodSync(directory, 0o755);
      const file = join(directory, 'now');
      const sandbox = await start(await freePorts(1), [...echo, file]);
      const { hostPort } = sandbox.record;
      expect(await exchange(hostPort, Buffer.from('early'))).not.toContain('early');
      writeFileSync(file, '');
      await expect
        .poll(() => exchange(hostPort, Buffer.from('hi')), { interval: 20, timeout: 15_000 })
        .toBe('hiend');
      await end(sandbox);
    });
  });
}

/** Sends it, ends the sending side, and resolves with all that came back; a broken connection with what did. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.once('end', () => socket.destroy());
    socket.end(bytes);
  });
}
