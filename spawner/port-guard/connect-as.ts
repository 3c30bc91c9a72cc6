// Tries one TCP connection as another account, in a child process: the kernel's "skuid" is the creator of the socket,
// and since CVE-2024-22017 a Node that may use io_uring refuses to change its own account. Needs root.
// Not here: the accounts to try, the evaluation (probe.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { becomeBareArgv, type Toolbox } from '../../portwrap/index.ts';

/** refused: by the host. untried: why no connection could be attempted. */
export type Attempt = 'reached' | 'refused' | { readonly untried: string };

/** Milliseconds until a connection counts as refused: a rule that drops packets sends no response. */
const patience = 5_000;

/** The errors of a connection that a rule rejects, for all forms of reject (nft(8)), and the timeout. */
const refusals = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
  'EPERM',
  'ETIMEDOUT',
];

const script = `const refusals = ${JSON.stringify(refusals)};
const [host, port] = process.argv.slice(1);
const tell = (word) => process.stdout.write(word, () => process.exit());
require('node:net').connect({ host, port: Number(port), timeout: ${patience} })
  .once('connect', () => tell('reached'))
  .once('timeout', () => tell('refused'))
  .once('error', ({ code, message }) => tell(refusals.includes(code) ? 'refused' : message));`;

/** Never rejects. `program` is this Node except in tests. */
export async function connectAs(
  tools: Toolbox,
  uid: number,
  { host, port }: { readonly host: string; readonly port: number },
  program = process.execPath,
): Promise<Attempt> {
  let fd: number | undefined;
  try {
    fd = openSync(program, 'r');
    const [setpriv = '', ...argv] = connectArgv(tools, uid, host, port);
    const child = spawn(setpriv, argv, {
      ...{ env: {}, cwd: '/', timeout: patience * 4, killSignal: 'SIGKILL' },
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    const [[code, signal], said, complaint] = await Promise.all([
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      whole(child.stdout),
      whole(child.stderr),
    ]);
    if (said === 'reached' || said === 'refused') return said;
    return { untried: firstLine(said) || firstLine(complaint) || `it ended with ${code ?? signal}` };
  } catch (error) {
    return { untried: (error as Error).message };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Node is executed through a descriptor: the account may lack access to its directory, as below /root. */
function connectArgv(tools: Toolbox, uid: number, host: string, port: number): string[] {
  const become = becomeBareArgv(tools('setpriv'), uid, uid, null);
  return [...become, '/proc/self/fd/3', '--eval', script, host, String(port)];
}

function whole(stream: Readable | null): Promise<string> {
  return stream === null ? Promise.resolve('') : text(stream);
}

function firstLine(lines: string): string {
  return lines.trim().split('\n')[0] ?? '';
}
