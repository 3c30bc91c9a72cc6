// What every forwarder must do, whoever it is: real sandboxes, real connections over the host port.
// Not here: which forwarders there are (forwarder.test.ts), the launch itself (test/integration/portwrap).
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ForwarderName, NetworkPolicy, SandboxRecord } from '../../portwrap/index.ts';
import { createToolbox, destroySandbox, isSameProcess, slirpNetwork } from '../../portwrap/index.ts';
import { echo, exchange } from '../support/exchange.ts';
import { isListening } from '../support/http.ts';
import { type Launcher, startLauncher } from '../support/launcher.ts';
import { isRoot } from '../support/machine/accounts.ts';
import { freePorts } from '../support/machine/free-ports.ts';
import { entriesBelow } from '../support/machine/tree.ts';
import { needsRoot, skipIf } from '../support/reasons.ts';
import type { Installed, Mode } from '../support/run-portwrap.ts';

export interface ForwarderLimits {
  /** New connections at once that it carries without losing any. */
  readonly connectionsAtOnce: number;
  /** Does it keep every byte of a large transfer? */
  readonly largeTransfers: boolean;
  /** The loopback addresses inside on which a server is reached that listens on nothing else. */
  readonly loopback: readonly ('127.0.0.1' | '::1')[];
}

/** No capability, as /proc/PID/status shows it. */
const none = '0'.repeat(16);

/** Holds one driver to the contract; resources of a test end with it. */
export function describeForwarder(
  name: ForwarderName,
  limits: ForwarderLimits,
  installed: Installed,
  mode: Mode,
): void {
  const started: { launcher: Launcher; record: SandboxRecord | null }[] = [];
  const closers: (() => void)[] = [];

  const begin = (
    command: readonly string[],
    hostPorts: readonly number[],
    policy: Partial<NetworkPolicy> = {},
  ) => {
    const launcher = startLauncher(installed, mode, { command, hostPorts, policy, forwarder: name });
    const entry: (typeof started)[number] = { launcher, record: null };
    started.push(entry);
    launcher.record.then(
      (record) => {
        entry.record = record;
      },
      () => {},
    );
    return launcher;
  };
  const peer = (...more: string[]) => [process.execPath, installed.fixture('peer.mjs'), ...more];
  const servedOn = async (hostPorts: readonly number[], command: readonly string[] = peer()) => {
    const launcher = begin(command, hostPorts);
    const record = await launcher.record;
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('listening');
    return { launcher, record, port: record.hostPort };
  };
  const occupy = async (port: number) => {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
  };
  const gone = (record: SandboxRecord) =>
    expect.poll(() => isSameProcess(record.forwarder), { timeout: 10_000 }).toBe(false);

  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    for (const { launcher, record } of started.splice(0)) {
      launcher.process.kill('SIGKILL');
      await launcher.ended;
      await destroySandbox(createToolbox(), launcher.directory);
      if (record !== null) expect(await isListening(record.hostPort)).toBe(false);
    }
  });

  describe(`${name}, started by ${mode.name}`, () => {
    test('has bound the host port when the launch is done, and carries an exchange', async () => {
      const [port = 0] = await freePorts(1);
      const record = await begin(peer(), [port]).record;
      await expect(occupy(port)).rejects.toThrow('EADDRINUSE');
      await expect.poll(() => exchange(port, { send: 5, receive: 3 }), { timeout: 10_000 }).toBe('3+got 7');
      expect(record.hostPort).toBe(port);
    });

    test("runs as the sandbox's account, filtered, with no privilege of the host", async () => {
      const { forwarder } = await begin(peer(), await freePorts(1)).record;
      const status = () => readFileSync(`/proc/${forwarder.pid}/status`, 'utf8');
      const field = (of: string) => new RegExp(`^${of}:\\s+(.*)$`, 'm').exec(status())?.[1];
      expect(field('Uid')).toBe(Array(4).fill(mode.uid).join('\t'));
      // it filters itself a moment after it is ready
      await expect.poll(() => [field('Seccomp'), field('NoNewPrivs')]).toEqual(['2', '1']);
      // capabilities over a user namespace of its own are none over the host
      const isOnHost = readlinkSync(`/proc/${forwarder.pid}/ns/user`) === readlinkSync('/proc/self/ns/user');
      if (isOnHost) expect([field('CapPrm'), field('CapEff'), field('CapAmb')]).toEqual(Array(3).fill(none));
    });

    test('leaves no name of its API socket behind', async () => {
      const launcher = begin(peer(), await freePorts(1));
      await launcher.record;
      const left = entriesBelow(launcher.directory);
      expect(left.filter((entry) => entry.isSocket() || entry.name === 'api')).toEqual([]);
    });

    const nothingReserved = skipIf(
      Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) < 1000,
      'this machine lets everybody bind every port (net.ipv4.ip_unprivileged_port_start)',
    );
    const reserved = () => Array.from({ length: 20 }, () => 200 + Math.floor(Math.random() * 800));
    if (mode.become.length === 0 && isRoot)
      test('binds a port that is reserved for root, for an account that could not', async () => {
        const { hostPort } = await begin(peer(), reserved()).record;
        expect(hostPort).toBeLessThan(1024);
        await expect
          .poll(() => exchange(hostPort, { send: 1, receive: 1 }), { timeout: 10_000 })
          .toBe('1+got 3');
      });
    else
      test('binds no port that is reserved for root', nothingReserved, async () => {
        await expect(begin(peer(), reserved()).record).rejects.toThrow(/PORTS_EXHAUSTED/);
      });

    test('fails with PORTS_EXHAUSTED when there is no host port to try', async () => {
      await expect(begin(peer(), []).record).rejects.toThrow(/PORTS_EXHAUSTED/);
    });

    test('fails with PORT_TAKEN when its only host port is taken', async () => {
      const [port = 0] = await freePorts(1);
      await occupy(port);
      await expect(begin(peer(), [port]).record).rejects.toThrow(/PORT_TAKEN/);
    });

    test('takes the next candidate when a host port is taken', async () => {
      const [taken = 0, free = 0] = await freePorts(2);
      await occupy(taken);
      const { port } = await servedOn([taken, free]);
      expect(port).toBe(free);
      expect(await exchange(port, { send: 1, receive: 1 })).toBe('1+got 3');
    });

    test('reaches a guest that begins to listen late, and before that carries nothing', async () => {
      const [port = 0] = await freePorts(1);
      const trigger = join(installed.directory, `listen-${port}`);
      await begin(peer(trigger), [port]).record;
      expect(await exchange(port, { send: 5, receive: 0 })).not.toContain('got');
      writeFileSync(trigger, '');
      await expect.poll(() => exchange(port, { send: 5, receive: 0 }), { timeout: 10_000 }).toBe('0+got 7');
    });

    test(`carries 100 new connections, ${limits.connectionsAtOnce} at once`, async () => {
      const { port } = await servedOn(await freePorts(1));
      const answers: string[] = [];
      for (let begun = 0; begun < 100; begun += limits.connectionsAtOnce) {
        const batch = Array.from({ length: limits.connectionsAtOnce }, () =>
          exchange(port, { send: 2, receive: 2 }),
        );
        answers.push(...(await Promise.all(batch)));
      }
      expect(answers).toEqual(Array(100).fill('2+got 4'));
    });

    describe.each(['127.0.0.1', '::1'] as const)('a server that listens on %s only', (address) => {
      const otherwise = skipIf(!limits.loopback.includes(address), 'this one does not connect to it');
      test('is reached', otherwise, async () => {
        const { port } = await servedOn(await freePorts(1), ['env', `PEER_ADDRESS=${address}`, ...peer()]);
        expect(await exchange(port, { send: 1, receive: 1 })).toBe('1+got 3');
      });
    });

    test('answers after the client has closed its half', async () => {
      const { port } = await servedOn(await freePorts(1));
      expect(await exchange(port, { send: 100, receive: 0 })).toBe('0+got 102');
    });

    test('keeps an idle connection, while others come and go', async () => {
      const { port } = await servedOn(await freePorts(1));
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      await once(socket, 'connect');
      socket.write('1\n');
      expect(String(await once(socket, 'data'))).toBe('x');
      for (let others = 0; others < 50; others += 1)
        expect(await exchange(port, { send: 1, receive: 1 })).toBe('1+got 3');
      socket.end('later');
      expect(String(await once(socket, 'data'))).toBe('got 7\n');
    });

    const size = 64 * 1024 * 1024;
    const noLargeTransfers = skipIf(!limits.largeTransfers, 'pasta loses the end of some: bench/RESULTS.md');
    test('carries 64 MB both ways at the same time, to the last byte', noLargeTransfers, async () => {
      const { port } = await servedOn(await freePorts(1));
      const total = size + `${size}\n`.length;
      expect(await exchange(port, { send: size, receive: size })).toBe(`${size}+got ${total}`);
    });

    test('carries 64 MB one way and then the other, to the last byte', noLargeTransfers, async () => {
      const { port } = await servedOn(await freePorts(1));
      expect(await exchange(port, { send: size, receive: 0 })).toBe(`0+got ${size + 2}`);
      const total = `${size}\n`.length;
      expect(await exchange(port, { send: 0, receive: size, keepOpen: true })).toBe(`${size}+got ${total}`);
    });

    test('carries random bytes unharmed', async () => {
      const [port = 0] = await freePorts(1);
      await begin([process.execPath, installed.fixture('echo.mjs')], [port]).record;
      await expect.poll(() => echo(port, Buffer.from('hi')), { timeout: 10_000 }).toBe('hiend');
      const sent = randomBytes(2_500_000).toString('hex');
      expect((await echo(port, Buffer.from(sent))) === `${sent}end`).toBe(true);
    });

    test('is replaced on the same host port when it is killed', async () => {
      const { record, port } = await servedOn(await freePorts(1));
      process.kill(record.forwarder.pid, 'SIGKILL');
      await gone(record);
      await expect.poll(() => exchange(port, { send: 1, receive: 1 }), { timeout: 10_000 }).toBe('1+got 3');
    });

    test('serves on when its launcher is killed, and ends with the sandbox', async () => {
      const { launcher, record, port } = await servedOn(await freePorts(1));
      launcher.process.kill('SIGKILL');
      await launcher.ended;
      expect(await exchange(port, { send: 1, receive: 1 })).toBe('1+got 3');
      process.kill(record.child.pid, 'SIGKILL');
      await gone(record);
      expect(await isListening(port)).toBe(false);
    });

    test('gives the sandbox the addresses that its policy and its resolv.conf are written for', async () => {
      const [port = 0] = await freePorts(1);
      const launcher = begin(
        ['sh', '-c', 'ip -4 address show tap0; ip -4 route; cat /etc/resolv.conf'],
        [port],
        { dns: true }, // which needs an uplink
      );
      await launcher.record;
      await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('nameserver');
      expect(launcher.log()).toContain(`inet ${slirpNetwork.guest}/24 `);
      expect(launcher.log()).toContain(`default via ${slirpNetwork.gateway} dev tap0`);
      expect(launcher.log()).toContain(`nameserver ${slirpNetwork.dns}`);
    });

    test.each([
      [true, 'answered', 'answered'],
      [false, 'EPERM', 'ENETUNREACH'],
    ])("with dns %s, the host's resolver on its loopback is: %s", needsRoot, async (dns, ...expected) => {
      const launcher = startLauncher(installed, behindResolver(installed, mode), {
        ...{ command: [process.execPath, installed.fixture('ask-name.mjs'), slirpNetwork.dns] },
        ...{ hostPorts: await freePorts(1), policy: { dns }, forwarder: name },
      });
      started.push({ launcher, record: null });
      await launcher.record;
      await expect
        .poll(() => launcher.log(), { timeout: 10_000 })
        .toBeOneOf(expected.map((line) => `${line}\n`));
    });

    test.each([
      ['without another way out', false],
      ['with DNS', true],
    ])(
      "leads to the one port of this host's loopback that the policy names, and to no other, %s",
      async (_, dns) => {
        const [named = 0, other = 0, port = 0] = await freePorts(3);
        for (const hostPort of [named, other]) {
          const server = createHttpServer((_, response) => response.end(`host:${hostPort}\n`));
          server.listen(hostPort, '127.0.0.1');
          await once(server, 'listening');
          closers.push(() => server.close());
        }
        const ask = [named, other].map(
          (hostPort) =>
            `curl -s -m 3 http://${slirpNetwork.gateway}:${hostPort}/ || echo refused:${hostPort}`,
        );
        const launcher = begin(['sh', '-c', [...ask, 'echo asked'].join('; ')], [port], {
          ...{ hosts: [{ address: '127.0.0.1', port: named }], dns },
        });
        await launcher.record;
        await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('asked');
        expect(launcher.log()).toBe(`host:${named}\nrefused:${other}\nasked\n`);
      },
    );
  });
}

/** The launcher on a host of its own, with a way out and a resolver that listens on its loopback only. */
function behindResolver(installed: Installed, mode: Mode): Mode {
  const script = [
    'ip link set lo up',
    'ip tuntap add out0 mode tap && ip address add 192.0.2.9/24 dev out0 && ip link set out0 up',
    'ip route add default via 192.0.2.1',
    // over the file that the symbolic link points to, if it is one; in this mount namespace only
    `file=$(mktemp ${installed.directory}/resolv-XXXXXX)`,
    'echo nameserver 127.0.0.1 > "$file" && chmod 644 "$file"',
    'mount --bind "$file" "$(readlink -f /etc/resolv.conf)"',
    'fifo=$(mktemp -u) && mkfifo "$fifo"',
    // it ends with the launcher's standard input, and so with the launcher
    `exec 3<&0; ${process.execPath} ${installed.fixture('name-server.mjs')} <&3 3<&- > "$fifo" &`,
    'exec 3<&-',
    'read -r _ < "$fifo"; rm "$fifo"',
    'exec "$@"',
  ].join('\n');
  return { ...mode, become: ['unshare', '--net', '--mount', 'sh', '-c', script, 'sh', ...mode.become] };
}
