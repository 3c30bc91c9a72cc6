// A relay into a running sandbox: what it reaches, who can reach it, and what ends it.
// Not here: the forwarder of a server (builtin.test.ts), relays on demand (test/unit/spawner/relays).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  createToolbox,
  destroySandbox,
  type Relay,
  type SandboxRecord,
  startRelay,
} from '../../../portwrap/index.ts';
import { type Launcher, startLauncher } from '../../support/launcher.ts';
import { isRoot } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { needsRoot } from '../../support/reasons.ts';
import { becoming, installPortwrap, type Mode, modes } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
const tools = createToolbox();
const started: Launcher[] = [];
const relays: Relay[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.close();
  for (const launcher of started.splice(0)) {
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    await destroySandbox(tools, launcher.directory);
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

// this process is root or the user who runs the tests, so it starts relays into sandboxes that it could have launched
const [mode] = modes() as [Mode];

/** A sandbox in which the peer listens on port 8888 of this address. */
async function sandbox(address = '127.0.0.1'): Promise<SandboxRecord> {
  const launcher = startLauncher(installed, mode, {
    command: ['env', `PEER_ADDRESS=${address}`, process.execPath, installed.fixture('peer.mjs')],
    hostPorts: await freePorts(1),
    forwarder: 'builtin',
  });
  started.push(launcher);
  const record = await launcher.record;
  await expect.poll(() => launcher.log(), { timeout: 20_000 }).toContain('listening');
  return record;
}

async function relayTo({ child }: SandboxRecord, port = 8888): Promise<Relay & { directory: string }> {
  const parent = mkdtempSync(join(tmpdir(), 'pw-relay-'));
  directories.push(parent);
  const directory = join(parent, 'r');
  const relay = await startRelay({ asRoot: isRoot, child, port, directory });
  relays.push(relay);
  return { ...relay, directory };
}

/** All that arrives when `text` was sent, and the error's code if there was one. */
function ask(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ path, allowHalfOpen: true }, () => socket.end(text));
    socket.setEncoding('latin1').on('data', (chunk) => (received += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('end', () => socket.destroy());
    socket.on('close', () => resolve(received));
  });
}

/** The processes of portwrap-forward that lead into this sandbox. */
const programs = ({ child }: SandboxRecord) =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const words = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
    return (
      words.startsWith('portwrap-forward') &&
      words.includes(`--sandbox\0${child.pid}\0`) &&
      words.includes('--bind-in')
    );
  });

describe('a relay into a running sandbox', () => {
  test.each(['127.0.0.1', '::1', '0.0.0.0'])('reaches what listens on %s inside', async (address) => {
    const { path } = await relayTo(await sandbox(address));
    expect(await ask(path, '3\nabc')).toBe('xxxgot 5\n');
  });

  test('carries large transfers in both directions, many at once', async () => {
    const { path } = await relayTo(await sandbox());
    const one = () => ask(path, `3000000\n${'y'.repeat(2_000_000)}`);
    const answers = await Promise.all(Array.from({ length: 10 }, one));
    for (const answer of answers) {
      expect(answer.length).toBe(3_000_000 + 'got 2000008\n'.length);
      expect(answer.endsWith('got 2000008\n')).toBe(true);
    }
  });

  test('closes a connection to a port on which nothing listens, and goes on', async () => {
    const { path } = await relayTo(await sandbox(), 8889);
    for (let round = 0; round < 3; round += 1)
      expect(['', 'ECONNRESET', 'EPIPE']).toContain(await ask(path, ''));
  });

  test('opens no port of this host', async () => {
    const listening = () => execFileSync('ss', ['-ltnH'], { encoding: 'utf8' }).trim().split('\n').length;
    const record = await sandbox();
    const before = listening();
    await relayTo(record);
    expect(listening()).toBe(before);
  });

  test('runs as the account of the sandbox, and no other account reaches its socket', needsRoot, async () => {
    const record = await sandbox();
    const { path } = await relayTo(record);
    const [keeper = ''] = programs(record);
    const status = readFileSync(`/proc/${keeper}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1];
    expect(field('Uid')).toBe(Array(4).fill(mode.uid).join('\t'));
    expect(['CapPrm', 'CapEff', 'NoNewPrivs', 'Seccomp'].map(field)).toEqual([
      ...Array(2).fill('0'.repeat(16)),
      ...['1', '2'],
    ]);
    const account = mode.options[1] ?? '';
    const [program = '', ...argv] = [...becoming(account), 'stat', path];
    expect(() => execFileSync(program, argv, { stdio: 'pipe' })).toThrow(/Permission denied/);
  });

  test('ends when it is closed, and leaves neither process nor file', async () => {
    const record = await sandbox();
    const relay = await relayTo(record);
    expect(statSync(relay.path).isSocket()).toBe(true);
    expect(programs(record).length).toBe(2);
    await relay.close();
    expect(existsSync(relay.directory)).toBe(false);
    await expect.poll(() => programs(record), { timeout: 20_000 }).toEqual([]);
  });

  test('cuts open connections when it is closed', async () => {
    const relay = await relayTo(await sandbox());
    const cut = new Promise<void>((resolve) => {
      const socket = connect({ path: relay.path }, () => socket.write('1\n'));
      socket.on('error', () => {}).on('close', () => resolve());
      socket.once('data', () => void relay.close());
    });
    await expect(cut).resolves.toBeUndefined();
  });

  test('ends with the sandbox', async () => {
    const record = await sandbox();
    const { gone, directory } = await relayTo(record);
    process.kill(record.child.pid, 'SIGKILL');
    await gone;
    expect(existsSync(directory)).toBe(false);
  });

  test('ends when the process that started it is killed', async () => {
    const record = await sandbox();
    const parent = mkdtempSync(join(tmpdir(), 'pw-relay-'));
    directories.push(parent);
    const script = `const { startRelay } = await import(process.argv[1]);
      await startRelay(JSON.parse(process.argv[2]));
      process.kill(process.pid, 'SIGKILL');`;
    const request = { asRoot: isRoot, child: record.child, port: 8888, directory: join(parent, 'r') };
    const index = join(installed.directory, 'dist/portwrap/index.js');
    const node = ['--input-type=module', '-e', script, index, JSON.stringify(request)];
    expect(() => execFileSync(process.execPath, node, { stdio: 'pipe' })).toThrow(
      /^Command failed(?!.*Error)/s,
    );
    expect(existsSync(join(parent, 'r/socket'))).toBe(true); // it did start
    await expect.poll(() => programs(record), { timeout: 20_000 }).toEqual([]);
  });

  test('is refused for a sandbox that has ended, and leaves nothing', async () => {
    const record = await sandbox();
    const other = { ...record, child: { ...record.child, startTime: record.child.startTime - 1 } };
    await expect(relayTo(other)).rejects.toMatchObject({ code: 'FORWARD_FAILED' });
    expect(readdirSync(directories.at(-1) ?? '')).toEqual([]);
  });
});
