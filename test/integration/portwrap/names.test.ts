// Names inside a sandbox while the host's resolver configuration is replaced, on a host of the test's own with real name
// servers. Not here: who may be asked at all (inside.test.ts), a resolver on the loopback at the start (test/contract).
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startLauncher } from '../../support/launcher.ts';
import { isRoot } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import {
  deadServer,
  type HostWithResolvers,
  hostWithResolvers,
  resolvers,
} from '../../support/machine/host-with-resolvers.ts';
import { needsRoot } from '../../support/reasons.ts';
import { installPortwrap, type Mode, modes, type Run, runPortwrap } from '../../support/run-portwrap.ts';

const { stub, first, second, ipv6, unnamed, own } = resolvers;
const installed = installPortwrap();
const runs: Run[] = [];
let host: HostWithResolvers;

beforeEach(async () => {
  if (isRoot) host = await hostWithResolvers();
});
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.process.stdin?.end();
    await run.ended;
  }
  if (isRoot) await host.close();
});
afterAll(() => installed.remove());

/** Each line on standard input is a command. */
const shell = ['sh', '-c', 'while read -r line; do eval "$line"; echo; done'];

async function sandbox(mode: Mode, ...options: string[]) {
  const [port = 0] = await freePorts(1);
  const on = host.on({ ...mode, options: [...mode.options, ...options] });
  const run = runPortwrap(installed, on, port, shell, { stdio: ['pipe', 'pipe', 'pipe'] });
  runs.push(run);
  /** The output of a command inside. */
  const ask = async (command: string): Promise<string> => {
    const before = run.stdout().length;
    run.process.stdin?.write(`${command}\n`);
    await vi.waitUntil(
      () => run.stdout().slice(before).endsWith('\n\n') || run.stdout().slice(before) === '\n',
      {
        timeout: 30_000,
        interval: 10,
      },
    );
    return run.stdout().slice(before).trim();
  };
  const address = async (name: string) => (await ask(`getent ahostsv4 ${name}`)).split(/\s/)[0] ?? '';
  await ask('true'); // it has started
  return { ask, address, stderr: run.stderr };
}

/** libslirp reads the host's file at most once a second. */
const soon = { timeout: 15_000, interval: 200 };

/** Replaces a file as programs do: rename(2) over the old one. */
function replaced(path: string, ...lines: string[]): string {
  const words = lines.map((line) => `'${line}'`).join(' ');
  return `mkdir -p $(dirname ${path}); printf '%s\\n' ${words} >${path}.new; chmod 644 ${path}.new; mv -T ${path}.new ${path};`;
}

const file = '/etc/resolv.conf';
const resolved = '/run/systemd/resolve/stub-resolv.conf';
const linkTo = (target: string) => `ln -s ${target} ${file}.new; mv -T ${file}.new ${file};`;
const server = ({ address }: { address: string }) => `nameserver ${address}`;

describe.each(modes())('in a sandbox started by $name', needsRoot, (mode) => {
  test.each([
    [
      'a file that is replaced by one with a loopback resolver (VPN, NetworkManager)',
      replaced(file, server(first)),
      replaced(file, server(stub)),
      stub,
    ],
    [
      "a file that is replaced by one with a resolver at the host's own address",
      replaced(file, server(first)),
      replaced(file, server(own)),
      own,
    ],
    [
      'a link that is turned to another file',
      `${replaced(resolved, server(first))} ${linkTo(`..${resolved}`)}`,
      `${replaced('/run/NetworkManager/resolv.conf', server(second))} ${linkTo('../run/NetworkManager/resolv.conf')}`,
      second,
    ],
    [
      'a link to a file that its service makes later',
      linkTo(`..${resolved}`),
      replaced(resolved, server(first)),
      first,
    ],
    [
      'a file outside of /etc and /run (WSL)',
      `${replaced('/mnt/wsl/resolv.conf', server(first))} ${linkTo('/mnt/wsl/resolv.conf')}`,
      replaced('/mnt/wsl/resolv.conf', server(stub)),
      stub,
    ],
  ])('names resolve through the new resolver: %s', async (_, before, after, expected) => {
    host.run(before);
    const { address } = await sandbox(mode);
    if (before.includes('nameserver')) expect(await address('name.test')).toBe(first.answer);
    host.run(after);
    await expect.poll(() => address('name.test'), soon).toBe(expected.answer);
  });

  test('without internet the new resolver is another machine, and it is asked through the uplink', async () => {
    host.run(replaced(file, server(first)));
    const { address } = await sandbox(mode, '--internet', 'no');
    host.run(replaced(file, server(second)));
    await expect.poll(() => address('name.test'), soon).toBe(second.answer);
  });

  test('without DNS no name resolves, whatever the host has in its file', async () => {
    host.run(replaced(file, server(first)));
    const { address } = await sandbox(mode, '--no-dns');
    host.run(replaced(file, server(stub)));
    expect(await address('name.test')).toBe('');
  });

  test('search domains and options are those of the host, and a short name resolves', async () => {
    const settings = ['search search.test other.test', 'options timeout:1 attempts:2'];
    host.run(`${replaced(resolved, server(first), ...settings)} ${linkTo(`..${resolved}`)}`);
    const { address, ask } = await sandbox(mode);
    expect((await ask(`cat ${file}`)).split('\n')).toEqual(['nameserver 10.0.2.3', ...settings]);
    expect(await address('short')).toBe(first.answer);
  });

  test('when the first name server does not respond, the next one is asked', async () => {
    host.run(replaced(file, `nameserver ${deadServer}`, server(second), 'options timeout:1'));
    const { address } = await sandbox(mode, '--internet', 'no');
    expect(await address('name.test')).toBe(second.answer);
  });

  test('a host whose name servers have IPv6 addresses only resolves names, and nothing else is open over IPv6', async () => {
    host.run(replaced(file, server(ipv6)));
    const { address, ask } = await sandbox(mode);
    await expect.poll(() => address('name.test'), soon).toBe(ipv6.answer);
    const connect = (to: string) => ask(`bash -c ': </dev/tcp/${to}/53 && echo connected' 2>&1`);
    expect(await connect(ipv6.address)).toBe('connected');
    expect(await connect(unnamed.address)).toContain('Connection refused');
  });

  test('with pasta on such a host the launch says that no name resolves', async () => {
    host.run(replaced(file, server(ipv6)));
    const { stderr } = await sandbox(mode, '--forwarder', 'pasta');
    expect(stderr()).toContain('portwrap: no name resolves inside');
  });

  test("the host's own name leads to the sandbox's loopback, though the host has another address for it", async () => {
    host.run(replaced('/etc/hosts', '127.0.0.1 localhost', `${own.address} machine.lan machine`));
    const { address } = await sandbox(mode);
    expect(await address('machine.lan')).toBe('127.0.1.1');
    expect(await address('machine')).toBe('127.0.1.1');
    expect(await address('localhost')).toBe('127.0.0.1');
  });

  test('a killed launcher takes nothing away: names resolve, and follow the host', async () => {
    host.run(replaced(file, server(first)));
    const loop = 'while :; do getent ahostsv4 name.test | head -n 1; sleep 0.1; done';
    const launcher = startLauncher(installed, host.on(mode), {
      command: ['sh', '-c', loop],
      hostPorts: await freePorts(1),
      policy: { dns: true },
    });
    const record = await launcher.record;
    await expect.poll(() => launcher.log(), soon).toContain(first.answer);
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    host.run(replaced(file, server(stub)));
    await expect.poll(() => launcher.log(), soon).toContain(stub.answer);
    process.kill(record.child.pid, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${record.child.pid}`), soon).toBe(false);
  });
});
