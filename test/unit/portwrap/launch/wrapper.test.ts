// The wrapper: what it runs and in which order, and what a launch learns from its loader of the policy.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { endLoader, loadPolicy, wrapperArgv } from '../../../../portwrap/launch/wrapper.ts';

const directory = mkdtempSync(join(tmpdir(), 'wrapper-'));
afterAll(() => rmSync(directory, { recursive: true }));
const tools = (name: string) => `/bin/${name}`;
const paths = {
  life: '/d/life',
  forwarder: '/d/forwarder',
  uplink: '/d/uplink',
  policyLog: null,
  maps: null,
  keeper: false,
  sysctls: { lowPorts: false, routeLoopback: false },
  terminals: ['one', 'two'],
};

/** The script of a wrapper, which is the word after "-c". */
const scriptOf = (argv: readonly string[]) => argv[argv.indexOf('-c') + 1] ?? '';

test('without root, in mounts that the root of its own user namespace may change, the FIFOs are made and open, and the terminals replaced before it says so, while it becomes the command', () => {
  expect(wrapperArgv(tools, paths, ['bwrap', '--args', '3'])).toEqual([
    ...['/bin/unshare', '--user', '--map-root-user', '--mount', '--propagation', 'slave', '--'],
    '/bin/sh',
    '-c',
    [
      '/bin/mkfifo -m 600 "$1" "$2" "$5" || exit 1',
      'exec 7<>"$1"',
      '( ( if one && two; then printf f >&8; else printf x >&8; fi ) 3<&- 4<&- 5<&- 6<&- 7<&- 9<&- & )',
      'shift 5',
      'exec "$@"',
    ].join('\n'),
    'portwrap',
    ...['/d/life', '/d/forwarder', '', '', '/d/uplink'],
    ...['bwrap', '--args', '3'],
  ]);
});

test('as root all is done in mounts of its own; a loader of the policy waits outside of the sandbox without its descriptors, and the command lacks the loader’s', () => {
  const argv = wrapperArgv(tools, { ...paths, policyLog: '/d/policy.log' }, ['bwrap']);
  const script = scriptOf(argv);
  expect(argv.slice(0, 5)).toEqual(['/bin/unshare', '--mount', '--propagation', 'slave', '--']);
  expect(script).toContain(
    'if read -r child <&9; then /bin/nsenter "--net=/proc/$child/ns/net" -- /bin/nft -f - <&9',
  );
  expect(script).toContain('6</proc/self/fd/7 3<&- 4<&- 5<&- 7<&- 8<&- & )');
  expect(script.endsWith('exec "$@" 9<&-')).toBe(true);
});

test('a command that waits for its maps reports on a FIFO that it holds itself, and reads from the launcher', () => {
  const script = scriptOf(wrapperArgv(tools, { ...paths, policyLog: '/d/log', maps: '/d/maps' }, ['bwrap']));
  expect(script).toContain('/bin/mkfifo -m 600 "$1" "$2" "$5" "$4" || exit 1');
  expect(script).toContain('exec 6<>"$4"\n( ( if one');
  expect(script.endsWith('exec "$@" 9<&8')).toBe(true);
});

test("a keeper of its scope is left before anything else, ignoring the terminal's signals, with none of its descriptors", () => {
  const script = scriptOf(wrapperArgv(tools, { ...paths, keeper: true }, ['bwrap']));
  expect(script.split('\n').slice(0, 2)).toEqual([
    "( ( trap '' INT QUIT HUP TERM; read -r _ ) <&6 >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- & )",
    'exec 6<&-',
  ]);
});

test('a loader whose launcher ends before the rules leaves no process of the sandbox, not even one that was forked while it looked', async () => {
  const at = (name: string) => join(directory, name);
  // it forks when it is told to, as bwrap does whenever it likes; the child holds the FIFO, too
  const holder = `import os, signal
def fork(*_):
    if os.fork() == 0:
        with open("${at('child')}.new", "w") as file: file.write(str(os.getpid()))
        os.rename("${at('child')}.new", "${at('child')}")
        while True: signal.pause()
signal.signal(signal.SIGUSR1, fork)
with open("${at('holder')}.new", "w") as file: file.write(str(os.getpid()))
os.rename("${at('holder')}.new", "${at('holder')}")
while True: signal.pause()`;
  // the first look ends with a fork that it has not seen
  const find = `#!/bin/sh
found=$(find "$@")
test -e ${at('child')} || { kill -USR1 "$(cat ${at('holder')})"; until test -e ${at('child')}; do sleep 0.01; done; }
echo "$found"
`;
  writeFileSync(at('find'), find, { mode: 0o755 });
  const own = (name: string) => (name === 'find' ? at(name) : name);
  const wrapper = { ...paths, policyLog: at('policy.log'), terminals: ['true'] };
  const script = scriptOf(wrapperArgv(own, wrapper, ['unused']));
  const operands = ['portwrap', at('life'), at('forwarder'), at('policy.log'), '', at('uplink')];
  const child = spawn('sh', ['-c', script, ...operands, '/usr/bin/python3', '-c', holder], {
    stdio: ['ignore', 'ignore', 'inherit', ...Array<'pipe'>(7).fill('pipe')],
  });
  await vi.waitUntil(() => existsSync(at('holder')), { timeout: 20_000, interval: 10 });
  await endLoader(loaderOf(child));
  const pids = ['holder', 'child'].map((name) => readFileSync(at(name), 'utf8'));
  onTestFinished(() => {
    for (const pid of pids.filter(isRunning)) process.kill(Number(pid), 'SIGKILL');
  });
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
});

const loaderOf = ({ stdio }: ChildProcess): Duplex => {
  const [policy] = stdio.slice(9) as unknown as Duplex[];
  if (policy === undefined) throw new Error('the wrapper has no pipe to its loader');
  return policy;
};

const isRunning = (pid: string): boolean =>
  existsSync(`/proc/${pid}`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** The launch's end of the loader's pipe; what is written arrives in `told`, and `say` is the loader's word. */
function fakeLoader() {
  const said = new PassThrough();
  const told: string[] = [];
  const write = (chunk: Buffer, _: unknown, done: () => void) => {
    told.push(chunk.toString());
    done();
  };
  const pipe = new Duplex({ read: () => {}, write, final: (done) => done() });
  said.on('data', (chunk) => pipe.push(chunk)).on('end', () => pipe.push(null));
  return { pipe, told, said };
}

test('the rules count as loaded only by the word of the loader', async () => {
  const { pipe, told, said } = fakeLoader();
  const loaded = loadPolicy(pipe, 42, 'table inet t {}', '/nowhere');
  said.end('y');
  await loaded;
  expect(told.join('')).toBe('42\ntable inet t {}');
});

test.each([
  ['that ends without a word', async ({ said }: ReturnType<typeof fakeLoader>) => void said.end()],
  [
    'that had ended before',
    async ({ pipe, said }: ReturnType<typeof fakeLoader>) => {
      said.end();
      await endLoader(pipe);
    },
  ],
  ['whose pipe is closed', async ({ pipe }: ReturnType<typeof fakeLoader>) => void pipe.destroy()],
])('a loader %s means that the policy is not in force', async (_, fault) => {
  const loader = fakeLoader();
  await fault(loader);
  const log = join(directory, 'policy.log');
  writeFileSync(log, 'Error: no such table\n');
  await expect(loadPolicy(loader.pipe, 42, 'rules', log)).rejects.toMatchObject({
    code: 'POLICY_FAILED',
    message: `nft could not load the network policy: ${readFileSync(log, 'utf8').trim()}`,
  });
});
