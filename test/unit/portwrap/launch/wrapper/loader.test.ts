// The loader of the network policy, and without root the guard: what a launch learns from it, and what it leaves when the
// launch has ended.
// Not here: the wrapper that starts it (script.test.ts, program.test.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { createToolbox, type Toolbox } from '../../../../../portwrap/index.ts';
import { descriptors } from '../../../../../portwrap/launch/descriptors.ts';
import { wrapperArgv } from '../../../../../portwrap/launch/wrapper/argv.ts';
import { endLoader, loadPolicy } from '../../../../../portwrap/launch/wrapper/loader.ts';
import { findWrapperProgram } from '../../../../../portwrap/launch/wrapper/program.ts';
import { isBuilt } from '../../../../../portwrap/launch/wrapper/wrapper.ts';
import { needsRoot } from '../../../../support/reasons.ts';
import { wrapper } from './example.ts';

const tools = createToolbox();
const directory = mkdtempSync(join(tmpdir(), 'wrapper-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Becomes a process that holds the life FIFO, and forks when it is told to, as bwrap does whenever it likes. */
const holder = (at: (name: string) => string) => `import os, signal
def say(name):
    with open(name + ".new", "w") as file: file.write(str(os.getpid()))
    os.rename(name + ".new", name)
def fork(*_):
    if os.fork() == 0:
        say("${at('child')}")
        while True: signal.pause()
signal.signal(signal.SIGUSR1, fork)
say("${at('holder')}")
while True: signal.pause()`;

/** A wrapper whose command is that process. */
async function heldLife(program: string | null, own: Toolbox, { asRoot } = { asRoot: true }) {
  const at = (name: string) => join(directory, name);
  const policyLog = asRoot ? at('log') : null;
  const paths = { life: at('life'), forwarder: at('forwarder'), uplink: at('uplink'), policyLog };
  const request = { ...wrapper, ...paths, terminals: [{ kind: 'new', target: '/nowhere' } as const] };
  const argv = wrapperArgv(own, program, request, ['/usr/bin/python3', '-c', holder(at)]);
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit', ...Array<'pipe'>(7).fill('pipe')],
  });
  const pid = async (name: string) => {
    await vi.waitUntil(() => existsSync(at(name)), { timeout: 20_000, interval: 10 });
    const found = readFileSync(at(name), 'utf8');
    onTestFinished(() => {
      if (isRunning(found)) process.kill(Number(found), 'SIGKILL');
    });
    return found;
  };
  onTestFinished(() => {
    for (const name of readdirSync(directory)) rmSync(at(name));
  });
  const watcher = pipeOf(child, asRoot ? descriptors.policy : descriptors.keeper);
  return { watcher, pid, holder: await pid('holder') };
}

const programs = [
  { form: 'program', program: findWrapperProgram() },
  { form: 'script', program: null },
] as const;
const watchers = [
  { name: 'a loader', asRoot: true },
  { name: 'a guard', asRoot: false },
].flatMap((watcher) => programs.map((form) => ({ ...watcher, ...form })));

test.each(watchers)(
  '$name of the $form whose launcher ends before its line leaves no process of the sandbox',
  needsRoot,
  async ({ program, asRoot }) => {
    const { watcher, pid, holder } = await heldLife(program, tools, { asRoot });
    process.kill(Number(holder), 'SIGUSR1');
    const pids = [holder, await pid('child')];
    expect(pids.filter(isRunning)).toEqual(pids);
    await endLoader(watcher);
    await expect.poll(() => pids.filter(isRunning)).toEqual([]);
  },
);

test.each(programs)(
  'a guard of the $form ends when the sandbox is built, and ends nothing',
  needsRoot,
  async ({ program }) => {
    const { watcher, holder } = await heldLife(program, tools, { asRoot: false });
    const ended = once(watcher, 'end');
    watcher.resume().write(isBuilt);
    await ended;
    expect(isRunning(holder)).toBe(true);
  },
);

test('nor one that was forked while it looked', needsRoot, async () => {
  const at = (name: string) => join(directory, name);
  // the first look ends with a fork that it has not seen
  const find = `#!/bin/sh
found=$(find "$@")
test -e ${at('child')} || { kill -USR1 "$(cat ${at('holder')})"; until test -e ${at('child')}; do sleep 0.01; done; }
echo "$found"
`;
  writeFileSync(at('find'), find, { mode: 0o755 });
  const { watcher, pid, holder } = await heldLife(null, (name) => (name === 'find' ? at(name) : tools(name)));
  await endLoader(watcher);
  const pids = [holder, await pid('child')];
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
});

const pipeOf = ({ stdio }: ChildProcess, descriptor: number): Duplex => {
  const [pipe] = stdio.slice(descriptor) as unknown as Duplex[];
  if (pipe === undefined) throw new Error('the wrapper has no such pipe');
  return pipe;
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
