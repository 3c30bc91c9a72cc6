// Orders to a fork server, as the service sends them: a test sends them itself, with something wrong or from a place of its
// own. The target is the sandbox of a running server. Not here: services whose servers are forked (preload.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestService } from './service.ts';

/** Process 1 of a sandbox. */
export interface Target {
  readonly pid: number;
  readonly start_time: number;
  readonly uid: number;
}

/** The sandbox of that user's server. */
export function targetOf({ stateDirectory }: TestService, user: string): Target {
  const records = join(stateDirectory, 'records');
  const texts = readdirSync(records).map((name) => readFileSync(join(records, name), 'utf8'));
  const record = JSON.parse(texts.find((text) => text.includes(`"user":"${user}"`)) ?? '{}');
  const { pid, startTime } = record.sandbox.child;
  const uid = Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { pid, start_time: startTime, uid };
}

/** Where the only fork server of a service listens. */
export function forkSocket({ stateDirectory }: TestService): string {
  const fork = join(stateDirectory, 'fork');
  const [key = ''] = readdirSync(fork).filter((name) => !name.includes('.'));
  return join(fork, key, 'socket');
}

/** Allows every call: seccomp_data is not looked at. */
const allowAll = '06000000' + '0000ff7f';

/**
 * A sound one; `argv` is a script with its interpreter. A child becomes a server only with the PYTHONPATH of its fork
 * server, else the command.
 */
export function orderFor({ pid, start_time, uid }: Target, argv = ['/bin/sleep', '60'], PYTHONPATH = '') {
  const account = { HOME: '/', USER: 'ann', LOGNAME: 'ann', SHELL: '/bin/sh' };
  return {
    ...{ pid, start_time, uid, gid: uid, groups: [], filter: allowAll },
    environment: { ...account, PATH: '/usr/bin:/bin', PYTHONPATH },
    ...{ directory: '/', umask: 0o22, open_files: 64, argv, script: argv.length - 1, command: argv },
  };
}

/** What a child said, in lines; `pid` is its own. Settles when its connection has ended. */
export interface Said {
  readonly pid: number;
  readonly rest: readonly string[];
}

/** `whenReady` gets the answer to "ready"; an empty one ends the connection without a word. */
export async function sendOrder(
  path: string,
  order: object | string,
  whenReady: () => string | Promise<string> = () => '',
): Promise<Said> {
  const socket = connect(path);
  let said = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^pid \d+\n$/.test(said))
      socket.write(`${typeof order === 'string' ? order : JSON.stringify(order)}\n`);
    if (said.includes('ready')) void Promise.resolve(whenReady()).then((answer) => socket.end(answer));
  });
  await ended;
  const [first = '', ...rest] = said.split('\n').filter(Boolean);
  const [, pid] = /^pid (\d+)$/.exec(first) ?? [];
  if (pid === undefined) throw new Error(`the child said ${JSON.stringify(said)}`);
  return { pid: Number(pid), rest };
}
