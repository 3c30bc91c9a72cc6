// A directory without a name, reached only through descriptors of it: the root of a file system that is mounted nowhere.
// Programs of the same account, such as payloads of other sandboxes, can find no file in it at any time.
// Not here: what is put into it (slirp4netns.ts).
import { constants, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import { inOwnUsers } from '../mounts/own.ts';
import { inProfile } from '../system/apparmor.ts';
import { startChild } from '../system/child.ts';
import { withDeadline } from '../system/deadline.ts';
import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import type { Toolbox } from '../system/tools.ts';

export interface NamelessDirectory {
  /** A descriptor of it. Rejects with FORWARD_FAILED. */
  readonly opened: Promise<Descriptor>;
  /** Closes the descriptor; settles when the program that has mounted the file system has ended, too. */
  close(): Promise<void>;
}

/** Where it is mounted in the helper's mount namespace: a directory that exists everywhere and that sh(1) does not need. */
const mountPoint = '/sys';
/** Milliseconds until it must be mounted. */
const mountDeadline = 10_000;

/** Begins to make one. The account must be that of this process. */
export function makeNamelessDirectory(tools: Toolbox): NamelessDirectory {
  const [program = '', ...argv] = inProfile(tools, namelessArgv(tools));
  const { process: helper, exited } = startChild(program, argv, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // Ctrl-C must not reach it
  });
  helper.stdin?.on('error', () => {}); // a helper that fails is noticed by its end
  const said = { stdout: collect(helper.stdout), stderr: collect(helper.stderr) };
  const failed = exited.then(() => {
    throw new PortwrapError('FORWARD_FAILED', `no directory for slirp4netns could be made: ${said.stderr()}`);
  });
  const mounted = new Promise<void>((resolve) => helper.stdout?.once('data', () => resolve()));
  const opened = withDeadline(
    Promise.race([mounted, failed]),
    mountDeadline,
    () => new PortwrapError('FORWARD_FAILED', `no directory for slirp4netns within ${mountDeadline} ms`),
  ).then(() => {
    const path = `/proc/${Number.parseInt(said.stdout(), 10)}/root${mountPoint}`;
    const descriptor = ownDescriptor(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    helper.stdin?.end(); // the descriptor keeps the file system when the helper and its mounts are gone
    return descriptor;
  });
  opened.catch(() => {}); // a launch that fails earlier does not ask
  return {
    opened,
    async close() {
      helper.kill('SIGKILL');
      const descriptor = await opened.catch(() => null);
      descriptor?.close();
      await exited.catch(() => {});
    },
  };
}

/**
 * The helper prints its pid when the file system is mounted, and ends when its standard input does. Not bubblewrap: its
 * inner process waits for ever when its outer one is killed at a bad moment.
 */
export function namelessArgv(tools: Toolbox): string[] {
  const script = `${tools('mount')} -n -i -t tmpfs -o mode=0700 portwrap ${mountPoint} && echo $$ && read -r _`;
  return inOwnUsers(tools, [tools('sh'), '-c', script]);
}

function collect(stream: Readable | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text.trim();
}
