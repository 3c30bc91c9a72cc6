// Entering servers of the service: users their own, over their door; the administrator those of all users.
// Not here: what a command is inside (test/integration/portwrap/enter.test.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, vi } from 'vitest';
import { runId } from '../../../support/machine/run-id.ts';
import { needsRoot } from '../../../support/reasons.ts';
import { installPortwrap } from '../../../support/run-portwrap.ts';
import { runCommand, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());

const test = serviceTest(`
  - name: web
    command: [/usr/bin/python3, -m, http.server, "8888"]
    resources: {processes: 20}
    network: {internet: false, dns: false}
`);

let serial = 0;
interface Server {
  readonly pid: number;
  readonly uid: number;
}

async function start(service: TestService, user: string, name = ''): Promise<Server> {
  const env = { TOKEN: `s3cr3t-of-${user}`, SHELL: '/bin/sh' };
  const events = await service.start(user, { spawn_id: `enter-${runId()}-${serial++}`, env }, name);
  if (events.at(-1)?.url === undefined) throw new Error(JSON.stringify(events));
  const shown = await runCommand(
    service,
    'show',
    name === '' ? user : `${user}/${name}`,
    '--json',
    '--hub',
    'hub',
  );
  const { pid } = JSON.parse(shown.stdout) as { pid: number };
  return { pid, uid: Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) };
}

/** A program as that account; its input is empty. */
async function as(uid: number, ...command: string[]) {
  const become = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--inh-caps=-all', '--'];
  const [file = '', ...argv] = [...become, ...command];
  const child = spawn(file, argv, {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', TOKEN: 'of-the-caller' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const portwrap = (uid: number, ...words: string[]) => as(uid, process.execPath, installed.main, ...words);

function doorOf(service: TestService, uid: number): string {
  const stateId = readFileSync(join(service.stateDirectory, 'state-id'), 'utf8');
  return join('/run/portwrap-enter', stateId, String(uid));
}

/** Sends one line to a door, in Python as that account; prints what comes. */
function askDoor(uid: number, path: string, line: string) {
  const script = `import socket, sys
door = socket.socket(socket.AF_UNIX)
door.connect(sys.argv[1])
lines = door.makefile()
lines.readline()
door.sendall(sys.argv[2].encode() + b"\\n")
print(lines.readline(), end="")`;
  return as(uid, '/usr/bin/python3', '-c', script, path, line);
}

const groupsOf = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, 'utf8');

describe('as root', needsRoot, () => {
  test('users enter their own servers by name, with the environment of the server', async ({ service }) => {
    const ann = await start(service, 'ann');
    const second = await start(service, 'ann', 'second');
    const print = ['--', 'sh', '-c', 'readlink /proc/self/ns/net; id -u; echo $TOKEN'];
    const expected = ({ pid, uid }: Server) => ({
      ...{ code: 0, stderr: '' },
      stdout: `${readlinkOf(pid)}\n${uid}\ns3cr3t-of-ann\n`,
    });
    expect(await portwrap(ann.uid, 'enter', ...print)).toEqual(expected(ann));
    for (const name of ['ann', 'hub:ann'])
      expect(await portwrap(ann.uid, 'enter', name, ...print)).toEqual(expected(ann));
    for (const name of ['second', 'ann/second'])
      expect(await portwrap(ann.uid, 'enter', name, ...print)).toEqual(expected(second));
    const missing = await portwrap(ann.uid, 'enter', 'third', ...print);
    expect(missing).toMatchObject({ code: 66, stdout: '' });
    expect(missing.stderr).toContain('You have: ann, ann/second.');
    expect(service.logged()).toContain('a user entered their server');
  });

  test('what they start is in the control group of the server, and within its limits', async ({
    service,
  }) => {
    const { uid, pid } = await start(service, 'bea');
    const script = 'i=0; while [ $i -lt 40 ]; do sleep 1000 & i=$((i+1)); done; wait';
    const entered = portwrap(uid, 'enter', '--', 'sh', '-c', script);
    const inside = () =>
      readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isSleep(name) && sameNamespace(name, pid));
    await vi.waitUntil(() => inside().length >= 8, { timeout: 60_000, interval: 50 });
    for (const one of inside()) expect(groupsOf(Number(one))).toBe(groupsOf(pid));
    await runCommand(service, 'stop', 'bea', '--now', '--hub', 'hub');
    const { stderr } = await entered;
    expect(stderr).toContain('Cannot fork');
    expect(inside()).toEqual([]);
  });

  test('connect reaches what runs in the server, and no server of another user', async ({ service }) => {
    const { uid } = await start(service, 'cid');
    const dan = await start(service, 'dan');
    const { code, stderr } = await portwrap(uid, 'connect', '9999');
    expect([code, stderr]).toEqual([
      69,
      expect.stringContaining('the server cid: no program listens on port 9999'),
    ]);
    expect(await portwrap(uid, 'connect', '8888')).toMatchObject({ code: 0 });
    expect(await portwrap(uid, 'connect', '8888', 'dan')).toMatchObject({ code: 66 });
    expect(await portwrap(uid, 'enter', 'dan', '--', 'id')).toMatchObject({ code: 66, stdout: '' });
    const door = await askDoor(uid, doorOf(service, dan.uid), '{}');
    expect(door.stderr).toContain('PermissionError');
    expect(statSync(doorOf(service, dan.uid))).toMatchObject({ uid: dan.uid, mode: 0o140600 });
  });

  test('a door moves no process that is not in that sandbox', async ({ service }) => {
    const { uid } = await start(service, 'eve');
    const fay = await start(service, 'fay');
    const records = join(service.stateDirectory, 'records');
    const texts = readdirSync(records).map((name) => readFileSync(join(records, name), 'utf8'));
    const { id } = JSON.parse(texts.find((text) => text.includes('"user":"eve"')) ?? '{}') as { id: string };
    const victims = [fay.pid, service.pid(), process.pid, 1, 4_000_000];
    const before = victims.slice(0, -1).map(groupsOf);
    for (const pid of victims) {
      const { stdout } = await askDoor(uid, doorOf(service, uid), JSON.stringify({ id, pid }));
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ENTER_FAILED' } });
    }
    expect(victims.slice(0, -1).map(groupsOf)).toEqual(before);
    for (const line of ['{', '{"id":7}', `{"id":"${id}","pid":-1}`, `{"id":"${id}","pid":"1"}`]) {
      const { stdout } = await askDoor(uid, doorOf(service, uid), line);
      expect(JSON.parse(stdout)).toMatchObject({ error: { message: 'the request was not understood' } });
    }
    const { stdout } = await askDoor(uid, doorOf(service, uid), '{"id":"another","pid":1}');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'SANDBOX_UNKNOWN' } });
  });

  test('while the service is away it says so, and afterwards servers can be entered again', async ({
    service,
  }) => {
    const { uid } = await start(service, 'gil');
    await service.restart('SIGKILL', async () => {
      const { code, stderr } = await portwrap(uid, 'enter', '--', 'id');
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('SERVICE_UNREACHABLE')]);
    });
    expect(await portwrap(uid, 'enter', '--', 'id', '-u')).toMatchObject({ code: 0, stdout: `${uid}\n` });
  });

  test('the administrator enters a server as its user, and gets the exit code', async ({ service }) => {
    const { uid, pid } = await start(service, 'hal', 'gpu');
    const script = 'readlink /proc/self/ns/net; id -u; echo $TOKEN; exit 9';
    // --config, which runCommand puts last, would be the command's
    const words = ['enter', 'hal/gpu', '--hub', 'hub', '--config', service.config, '--', 'sh', '-c', script];
    expect(await runRaw(words)).toEqual({
      code: 9,
      stderr: '',
      stdout: `${readlinkOf(pid)}\n${uid}\ns3cr3t-of-hal\n`,
    });
    expect((await runCommand(service, 'enter', 'nobody', '--hub', 'hub')).stderr).toContain('SERVER_UNKNOWN');
  });

  test('a user who resets connections to the door does not end the service', async ({ service }) => {
    const { uid } = await start(service, 'jon');
    // it leaves the greeting unread, and a line on its way: the kernel then resets the connection
    const script = `import socket, sys
for _ in range(200):
    door = socket.socket(socket.AF_UNIX)
    door.connect(sys.argv[1])
    door.sendall(b'{"id": "')
    door.close()`;
    const { code, stderr } = await as(uid, '/usr/bin/python3', '-c', script, doorOf(service, uid));
    expect([code, stderr]).toEqual([0, '']);
    expect(await portwrap(uid, 'enter', '--', 'id', '-u')).toMatchObject({ code: 0, stdout: `${uid}\n` });
  });

  test('the door of an account is gone with its last server', async ({ service }) => {
    const { uid } = await start(service, 'ida');
    expect(existsSync(doorOf(service, uid))).toBe(true);
    await runCommand(service, 'stop', 'ida', '--now', '--hub', 'hub');
    expect(existsSync(doorOf(service, uid))).toBe(false);
    expect(await portwrap(uid, 'enter', '--', 'id')).toMatchObject({ code: 66 });
  });
});

const readlinkOf = (pid: number) => readlinkSync(`/proc/${pid}/ns/net`);

function isSleep(pid: string): boolean {
  return textOf(`/proc/${pid}/cmdline`).startsWith('sleep\0');
}

function sameNamespace(pid: string, other: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync(`/proc/${other}/ns/pid`);
  } catch {
    return false; // it has ended
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function runRaw(words: readonly string[]) {
  const main = join(import.meta.dirname, '../../../../dist/spawner/main.js');
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
