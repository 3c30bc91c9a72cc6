// Detached sandboxes: they outlive their launcher, are adopted, stopped and destroyed by others, reach what
// their policy names, and an interrupted launch leaves nothing. Not here: the foreground command.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type AdoptedSandbox,
  adoptSandbox,
  createNetwork,
  createToolbox,
  destroySandbox,
  fileView,
  findAccount,
  isSandboxAlive,
  launch,
  lookAs,
  noCgroups,
  noLimits,
  ordinaryFamilies,
  ownAddresses,
  type Sandbox,
} from '../../../portwrap/index.ts';
import { fetchText, isListening } from '../../support/http.ts';
import { startLauncher } from '../../support/launcher.ts';
import { accountName, isRoot } from '../../support/machine/accounts.ts';
import { census, nothing } from '../../support/machine/census.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { needsRoot } from '../../support/reasons.ts';
import { installPortwrap, modes } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
const tools = createToolbox();
const context = { tools, network: createNetwork({ forwarder: null, uplink: null }, tools, isRoot) };
const serve = ['node', installed.fixture('serve.mjs'), 'it', '8888'];

function alive(found: AdoptedSandbox): Sandbox {
  if (found.kind === 'running') return found.sandbox;
  throw new Error(`the sandbox is gone: ${JSON.stringify(found)}`);
}

async function expectDestroyed(directory: string, ports: readonly number[]): Promise<void> {
  await destroySandbox(tools, directory);
  // a monitor whose child has ended by itself ends a moment later; it holds nothing any more
  await expect.poll(() => census(directory), { timeout: 20_000 }).toEqual(nothing);
  for (const port of ports) expect(await isListening(port)).toBe(false);
}

describe.each(modes())('a sandbox launched by $name', (mode) => {
  test.each(['SIGKILL', 'SIGTERM', null] as const)(
    'survives the end of its launcher (%s), is adopted and stopped',
    async (signal) => {
      const hostPorts = await freePorts(1);
      const launcher = startLauncher(installed, mode, { command: serve, hostPorts });
      const record = await launcher.record;
      if (signal === null) launcher.process.stdin?.end();
      else launcher.process.kill(signal);
      await launcher.ended;
      await expect.poll(() => fetchText(record.hostPort), { interval: 20, timeout: 15_000 }).toBe('it:8888');
      expect(isSandboxAlive(launcher.directory)).toBe(true);
      const sandbox = alive(adoptSandbox(context, record));
      expect(await sandbox.stop(10_000)).toMatchObject({ code: 143, signal: 'SIGTERM' });
      expect(census(launcher.directory).processes).toEqual([]);
      expect(await isListening(record.hostPort)).toBe(false);
      await expectDestroyed(launcher.directory, hostPorts);
    },
  );

  test('its exit code is learned by whoever adopts it, also after its end', async () => {
    const hostPorts = await freePorts(1);
    const launcher = startLauncher(installed, mode, { command: ['sh', '-c', 'exit 33'], hostPorts });
    const record = await launcher.record;
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    for (const _ of [1, 2]) {
      expect(await alive(adoptSandbox(context, record)).exited).toMatchObject({ code: 33, signal: null });
    }
    await expectDestroyed(launcher.directory, hostPorts);
    expect(adoptSandbox(context, record)).toMatchObject({ kind: 'gone', exit: { code: null } });
  });

  test('a stop that is ignored kills everything when its time is over', async () => {
    const hostPorts = await freePorts(1);
    const script = `trap 'echo asked' TERM; (setsid sleep 1000 &); echo up; while :; do sleep 0.05; done`;
    const launcher = startLauncher(installed, mode, { command: ['sh', '-c', script], hostPorts });
    const record = await launcher.record;
    await expect.poll(() => launcher.log(), { interval: 5, timeout: 15_000 }).toBe('up\n');
    const sandbox = alive(adoptSandbox(context, record));
    expect(await sandbox.stop(300)).toMatchObject({ code: 137, signal: 'SIGKILL' });
    expect(launcher.log()).toBe('up\nasked\n');
    launcher.process.stdin?.end();
    await launcher.ended;
    await expectDestroyed(launcher.directory, hostPorts);
  });

  test('a lost forwarder is replaced on the same host port', async () => {
    const hostPorts = await freePorts(1);
    const launcher = startLauncher(installed, mode, { command: serve, hostPorts });
    const record = await launcher.record;
    await expect.poll(() => fetchText(record.hostPort), { interval: 20, timeout: 15_000 }).toBe('it:8888');
    process.kill(record.forwarder.pid, 'SIGKILL');
    await expect.poll(() => isListening(record.hostPort), { interval: 5, timeout: 5_000 }).toBe(true);
    await expect.poll(() => fetchText(record.hostPort), { interval: 20, timeout: 15_000 }).toBe('it:8888');
    launcher.process.stdin?.end();
    await launcher.ended;
    await expectDestroyed(launcher.directory, hostPorts);
  });

  test('its policy opens exactly the named ports of the host’s loopback', async () => {
    const servers = [createServer(), createServer()];
    for (const server of servers) await once(server.listen(0, '0.0.0.0'), 'listening');
    const [open, shut] = servers.map((server) => (server.address() as { port: number }).port);
    const own =
      ownAddresses().find((address) => /^\d/.test(address) && !address.startsWith('127.')) ?? '127.0.0.1';
    const targets = [
      `10.0.2.2:${open}`,
      `10.0.2.2:${shut}`,
      `${own}:${open}`,
      '198.51.100.1:80',
      '10.0.2.3:53',
    ];
    const hostPorts = await freePorts(1);
    const launcher = startLauncher(installed, mode, {
      command: ['/usr/bin/python3', installed.fixture('attack.py'), ...targets],
      hostPorts,
      policy: { hosts: [{ address: '127.0.0.1', port: open ?? 0 }] },
    });
    const record = await launcher.record;
    expect((await alive(adoptSandbox(context, record)).exited).code).toBe(0);
    const { connections } = JSON.parse(launcher.log()) as { connections: Record<string, string> };
    // without internet and names nothing leads out but the named port
    const beyond = Array(3).fill('Network is unreachable');
    expect(Object.values(connections)).toEqual(['connected', 'Connection refused', ...beyond]);
    for (const server of servers) server.close();
    launcher.process.stdin?.end();
    await launcher.ended;
    await expectDestroyed(launcher.directory, hostPorts);
  });

  test('kill -9 of the launcher at any moment, then destroySandbox(), leaves nothing', {
    timeout: 120_000,
  }, async () => {
    const hostPorts = await freePorts(1);
    const launches = 12;
    const begun = performance.now();
    const first = startLauncher(installed, mode, { command: ['sleep', '1000'], hostPorts });
    await first.record;
    const whole = performance.now() - begun;
    first.process.kill('SIGKILL');
    await first.ended;
    await expectDestroyed(first.directory, hostPorts);
    for (let index = 0; index < launches; index += 1) {
      const launcher = startLauncher(installed, mode, { command: ['sleep', '1000'], hostPorts });
      // the last two thirds: before, node itself is starting
      const moment = Math.ceil(whole * (0.3 + (0.8 * index) / launches));
      await once(AbortSignal.timeout(moment), 'abort');
      launcher.process.kill('SIGKILL');
      await launcher.ended;
      await expectDestroyed(launcher.directory, hostPorts);
    }
  });
});

describe('a launch that is aborted', needsRoot, () => {
  const steps = ['nft', 'bwrap', 'setpriv', 'slirp4netns'] as const;

  test.each(steps)('when it calls %s leaves nothing', async (step) => {
    const directory = mkdtempSync(join(installed.directory, 'abort-'));
    const hostPorts = await freePorts(1);
    const abort = new AbortController();
    const reason = new Error(`aborted at ${step}`);
    const aborting = (name: Parameters<typeof tools>[0]) => {
      if (name === step) setImmediate(() => abort.abort(reason)); // in the middle of it, not before
      return tools(name);
    };
    const launched = launch(
      {
        tools: aborting,
        network: createNetwork({ forwarder: 'slirp4netns', uplink: null }, aborting, true),
        asRoot: true,
        hostAddresses: ownAddresses,
        cgroups: noCgroups,
      },
      {
        directory: join(directory, 's'),
        command: ['sleep', '1000'],
        environment: { PORTWRAP_TEST: directory },
        workingDirectory: '/',
        account: await findAccount(tools, accountName('a')),
        files: await fileView({ keep: [], hide: [] }, lookAs(tools, null)),
        socketFamilies: ordinaryFamilies,
        policy: { internet: false, dns: false, hosts: [] },
        limits: noLimits,
        hostAddress: '127.0.0.1',
        hostPorts,
        guestPort: 8888,
        lifetime: 'detached',
        stdio: ['ignore', 1, 2],
      },
      abort.signal,
    );
    await expect(launched).rejects.toBe(reason);
    // bwrap's monitor sees the end of its child, and then ends itself; it holds nothing any more
    await expect.poll(() => census(directory)).toEqual(nothing);
    expect(await isListening(hostPorts[0] ?? 0)).toBe(false);
    rmSync(directory, { recursive: true });
  });
});
