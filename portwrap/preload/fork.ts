// Asks a fork server for a child, and the child to enter a sandbox. The child is put into the control group of the sandbox
// before it reads the order, and waits for the word "go" in the end. A start whose child is killed goes on as a command: until
// the child is ready this process says so, from then on portwrap-init (native/init) does it.
// Not here: what the child does (preload/portwrap_preload/join.py), the fork server's life (fork-server.ts).
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { withDeadline } from '../system/deadline.ts';
import { identify, type ProcessIdentity, signalProcess } from '../system/process.ts';

/** What the child has to know; it contains the secrets in the payload's environment. */
export interface ForkOrder {
  /** Process 1 of the sandbox, as this process sees it. */
  readonly pid: number;
  readonly start_time: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** The seccomp program, in hexadecimal digits. */
  readonly filter: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly umask: number;
  readonly open_files: number;
  readonly argv: readonly string[];
  readonly script: number;
  /** What is executed when the result would not be the same. */
  readonly command: readonly string[];
}

/** A child that waits in the sandbox. */
export interface ForkedChild {
  /** Its pid inside. */
  readonly pid: number;
  /** Lets it become the server, if it lives. */
  go(): void;
  /** Ends it. */
  cancel(): void;
}

/** Milliseconds; a busy machine needs some. */
const deadline = 5_000;

/** `enter` puts a process into the control group; what it forks follows. Rejects when the fork server or the child fails; then no child is left. */
export async function forkChild(
  socketPath: string,
  order: ForkOrder,
  enter: (pid: number) => Promise<void>,
): Promise<ForkedChild> {
  const socket = connect(socketPath);
  let outside: ProcessIdentity | null = null;
  const cancel = () => {
    socket.destroy();
    if (outside !== null) signalProcess(outside, 'SIGKILL'); // one that is stopped would not notice
  };
  const line = reader(socket);
  const talk = async (): Promise<ForkedChild> => {
    const own = numberIn(await line(), 'pid');
    outside = identify(own);
    await enter(own);
    socket.write(`${JSON.stringify(order)}\n`);
    const pid = numberIn(await line(), 'ready');
    return { pid, go: () => void socket.end('go\n'), cancel };
  };
  try {
    return await withDeadline(talk(), deadline, () => new Error(`no child was ready within ${deadline} ms`));
  } catch (error) {
    cancel();
    throw error;
  }
}

/** Returns a function for the next line. It rejects at an end of file. */
function reader(socket: Socket): () => Promise<string> {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => socket.on('error', reject));
  failed.catch(() => {});
  return async () => {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done) throw new Error('the child has ended');
    return next.value;
  };
}

function numberIn(line: string, word: string): number {
  const [, digits] = new RegExp(`^${word} (\\d{1,10})$`).exec(line) ?? [];
  if (digits === undefined) throw new Error(`the child said something else than "${word}"`);
  return Number(digits);
}
