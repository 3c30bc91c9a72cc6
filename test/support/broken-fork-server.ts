// A fork server with a flaw: a copy of ours in which one thing is not done. A test that finds nothing in our fork server
// must find something in this one. Not here: orders to it (fork-order.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { createToolbox } from '../../portwrap/index.ts';
import { forkServerArgv, socketOf } from '../../portwrap/preload/fork-server.ts';
import { forkServerProgram } from '../../portwrap/preload/program.ts';

export interface Flaw {
  readonly file: string;
  readonly instead: string;
  readonly by: string;
}

/** Anybody may read its memory and trace it. */
export const hidesNothing: Flaw = {
  file: 'join.py',
  instead: 'check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))',
  by: 'check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))',
};

/** Children keep the descriptors of the fork server. */
export const closesNothing: Flaw = {
  file: 'join.py',
  instead: 'check(libc.syscall(SYS_CLOSE_RANGE, CONNECTION + 1, ctypes.c_uint(LAST_DESCRIPTOR), 0))',
  by: 'pass',
};

/** Starts it in `path`, which only root can write; returns its socket. It ends with the test. */
export async function brokenForkServer(path: string, { file, instead, by }: Flaw): Promise<string> {
  const directory = join(path, 'broken-socket');
  const broken = join(path, 'portwrap_preload');
  cpSync(dirname(forkServerProgram()), broken, { recursive: true });
  const text = readFileSync(join(broken, file), 'utf8');
  if (!text.includes(instead)) throw new Error(`${file} does not have the line ${instead}`);
  writeFileSync(join(broken, file), text.replace(instead, by));
  mkdirSync(directory, { mode: 0o700 });
  chownSync(directory, nobody, nobody);
  const script = {
    interpreter: '/usr/bin/python3',
    argv: ['/usr/bin/python3', join(path, 'server')],
    script: 1,
  };
  const request = {
    tools: createToolbox(),
    directory,
    script,
    modules: ['http.server'],
    environment: {},
    restricted: false,
  };
  const [program = '', ...argv] = forkServerArgv(request, 0).map((word) =>
    word === forkServerProgram() ? join(broken, '__main__.py') : word,
  );
  const child = spawn(program, argv, {
    env: { PATH: '/usr/bin:/bin', PYTHONPATH: path },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [report] = (await once(child.stdio[3] as Readable, 'data')) as [Buffer];
  if (String(report).includes('problem')) throw new Error(String(report));
  return socketOf(directory);
}

/** The account of fork servers. */
const nobody = 65_534;
