// The sandbox seen from inside by a payload with bad intentions, and from beside by another user.
// Not here: the policies that a service can choose (test/integration/spawner/servers/sandbox.test.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountName } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { runId } from '../../support/machine/run-id.ts';
import { needsRoot } from '../../support/reasons.ts';
import { becoming, installPortwrap, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
const hostTmp = mkdtempSync(`/tmp/pw-${runId()}-host-`);
const listeners: Server[] = [];
let onLoopback = 0;
let onAll = 0;

beforeAll(async () => {
  writeFileSync(join(hostTmp, 'a-file-of-the-host'), '');
  onLoopback = await listen('127.0.0.1');
  onAll = await listen('0.0.0.0');
});
afterAll(() => {
  for (const server of listeners) server.close();
  rmSync(hostTmp, { recursive: true, force: true });
  installed.remove();
});

async function listen(address: string): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, address);
  await once(server, 'listening');
  listeners.push(server);
  return (server.address() as { port: number }).port;
}

interface Findings {
  readonly capabilities: Record<string, string>;
  readonly noNewPrivileges: string;
  readonly descriptors: readonly string[];
  readonly processes: readonly number[];
  readonly self: number;
  readonly uid: number;
  readonly connections: Record<string, string>;
  readonly flushRules: { code: number; text: string };
  readonly nestedFlush: { code: number; text: string };
  readonly enterParentNetwork: { code: number; text: string };
  readonly addAddress: { code: number; text: string };
  readonly sockets: readonly string[];
  readonly tmp: readonly string[];
  readonly runUser: readonly string[];
  readonly apiSockets: readonly string[];
}

const ownAddresses = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .filter((info) => info.family === 'IPv4' && !info.internal)
  .map((info) => info.address);

describe.each(modes())('inside a portwrap started by $name', (mode) => {
  let found: Findings;
  const targets = () => [
    `10.0.2.2:${onLoopback}`,
    `10.0.2.2:${onAll}`,
    `127.0.0.1:${onLoopback}`,
    ...ownAddresses.map((address) => `${address}:${onAll}`),
    '10.0.2.3:22',
  ];

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    // in the default /tmp, so that a directory of ours that was left there would be found
    const environment = { XDG_RUNTIME_DIR: '' };
    const command = ['/usr/bin/python3', installed.fixture('attack.py'), ...targets()];
    const run = runPortwrap(installed, mode, port, command, { environment });
    expect(await run.ended, run.stderr()).toBe(0);
    found = JSON.parse(run.stdout()) as Findings;
  });

  test('every capability set is empty and no new privileges can be had', () => {
    expect(Object.values(found.capabilities)).toEqual(Array(5).fill('0000000000000000'));
    expect(found.noNewPrivileges).toBe('1');
  });

  test('no descriptor of ours is open', () => {
    expect(found.descriptors.filter((target) => !target.startsWith('/proc/'))).toEqual([]);
  });

  test('no process but its own and the sandbox’s pid 1 is seen', () => {
    expect(found.processes).toEqual([1, found.self]);
  });

  test('no listener on the host’s loopback or own addresses can be reached', () => {
    const reached = Object.entries(found.connections).filter(([, outcome]) => outcome === 'connected');
    expect(reached).toEqual([]);
    expect(Object.keys(found.connections)).toEqual(targets());
  });

  test('the network rules cannot be removed, not from a nested user namespace either', () => {
    expect(found.flushRules.text).toContain('Operation not permitted');
    expect(found.nestedFlush.code).not.toBe(0);
    expect(found.addAddress.code).not.toBe(0);
    expect(found.enterParentNetwork.code).not.toBe(0);
  });

  test('/tmp is empty, /run/user holds an own directory, and no socket of the forwarder or the host is in reach', () => {
    const { sockets, tmp, runUser, apiSockets } = found;
    expect({ sockets, tmp, runUser, apiSockets }).toEqual({
      sockets: [],
      tmp: [],
      runUser: [String(found.uid)],
      apiSockets: [],
    });
  });

  test('a stray descriptor of the caller does not reach the command', async () => {
    const [port = 0] = await freePorts(1);
    const dirty = {
      ...mode,
      become: ['bash', '-c', 'exec 40</etc/passwd 251</etc/group; exec "$@"', 'sh', ...mode.become],
    };
    const run = runPortwrap(installed, dirty, port, ['ls', '/proc/self/fd']);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toBe('0\n1\n2\n3\n'); // 3: the listing itself
  });

  test(
    'no secret of the environment is in any command line that another user can read',
    needsRoot,
    async () => {
      const secret = `secret-${Math.random().toString(36).slice(2)}`;
      const [port = 0] = await freePorts(1);
      const spy = spawn('/usr/bin/python3', [installed.fixture('watch-cmdlines.py'), accountName('b')], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let seen = '';
      spy.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
      await expect.poll(() => seen, { interval: 5, timeout: 10_000 }).toContain('watching');
      // LC_…, so that it reaches another account's payload too
      const environment = { LC_SECRET: secret };
      const run = runPortwrap(installed, mode, port, ['/usr/bin/env'], { environment });
      await run.ended;
      expect(run.stdout()).toContain(secret);
      spy.stdin.end('\n');
      await once(spy, 'close');
      expect(seen).toContain('bwrap');
      expect(seen).not.toContain(secret);
    },
  );
});

test('an ordinary user of the machine may not use what root may', needsRoot, async () => {
  const [port = 0] = await freePorts(1);
  const mode = {
    name: '',
    uid: 0,
    become: becoming(accountName('b')),
    options: ['--user', accountName('a')],
  };
  const run = runPortwrap(installed, mode, port, ['true']);
  expect(await run.ended).toBe(2);
  expect(run.stderr()).toContain('--user needs root');
});
