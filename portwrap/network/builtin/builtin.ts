// The forwarder `builtin`: portwrap-forward listens on the host port, and connects in the sandbox's own network. It ends
// with the first process of the sandbox. Not here: its arguments (argv.ts), its source (native/forward/).
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { PortwrapError } from '../../../config/errors.ts';
import { startChild } from '../../system/child.ts';
import { withDeadline } from '../../system/deadline.ts';
import { ownUntil } from '../../system/descriptor.ts';
import { fifos, openReader, openWriter } from '../../system/liveness.ts';
import { identify } from '../../system/process.ts';
import { createTeardown } from '../../system/teardown.ts';
import type { Toolbox } from '../../system/tools.ts';
import type { Forward, Forwarder, ForwardRequest } from '../forwarder.ts';
import { needsRootPorts, sandboxOwner } from '../forwarder-account.ts';
import { firstOf, noPortBound } from '../host-ports.ts';
import { watchProgram } from '../watch-program.ts';
import { builtinArgv, descriptors, mostHostPorts, programInside } from './argv.ts';
import { findForwardProgram } from './program.ts';

/** Milliseconds until it must listen. */
const readyDeadline = 10_000;
/** Its exit code when none of the ports could be bound. */
const noPort = 3;

export function createBuiltin(_: Toolbox, asRoot: boolean): Forwarder {
  return {
    name: 'builtin',
    carriesIpv6: false,
    attach: (request) => attach(asRoot, request),
  };
}

async function attach(asRoot: boolean, request: ForwardRequest): Promise<Forward> {
  const undo = createTeardown();
  const logFile = join(request.directory, 'forwarder.log');
  const hostPorts = [...firstOf(request.hostPorts, mostHostPorts)];
  if (hostPorts.length === 0) throw noPortBound(request.hostAddress, hostPorts);
  try {
    const own = ownUntil(undo);
    const binary = own(openSync(findForwardProgram(), 'r'));
    const log = own(openSync(logFile, 'a', 0o600));
    const logged = readFileSync(logFile).length;
    const liveness = own(openReader(join(request.directory, fifos.forwarder)));
    const token = own(openWriter(join(request.directory, fifos.forwarder)));
    const owner = asRoot ? { ...sandboxOwner(request.child), lowPorts: needsRootPorts(hostPorts) } : null;
    const child = startChild(programInside, builtinArgv(request, hostPorts, owner), {
      stdio: inheritedStdio(log.fd, {
        ...{ alive: token.fd, ready: 'pipe', program: binary.fd },
        messages: request.messages ?? 'ignore',
      }),
      detached: true, // its own session: Ctrl-C must not reach it, and it outlives us
    });
    const pid = child.process.pid;
    if (pid === undefined) await child.exited;
    const identity = pid === undefined ? null : identify(pid);
    undo.add('forwarder', async () => {
      child.process.kill('SIGKILL');
      await child.exited; // then the port is free
    });
    for (const descriptor of [token, log, binary]) descriptor.close();
    const inTime = <T>(work: Promise<T>): Promise<T> =>
      withDeadline(
        work,
        readyDeadline,
        () =>
          new PortwrapError('FORWARD_FAILED', `portwrap-forward was not ready within ${readyDeadline} ms`),
      );
    const line = await inTime(readLine(child.process.stdio[descriptors.ready] as Readable));
    if (line === null || identity === null) {
      const { code } = await inTime(child.exited);
      if (code === noPort) throw noPortBound(request.hostAddress, hostPorts);
      const said = readFileSync(logFile).subarray(logged).toString('utf8').trim().split('\n');
      throw new PortwrapError('FORWARD_FAILED', said.at(-1) || 'portwrap-forward ended without a message');
    }
    const [hostPort = 0, ...workers] = line.split(' ').map(Number);
    undo.release();
    return {
      hostPort,
      process: identity,
      pids: [identity.pid, ...workers],
      liveness: watchProgram(liveness.fd, child),
    };
  } catch (error) {
    return undo.fail(error);
  }
}

/** All descriptors in their places. */
function inheritedStdio(
  log: number,
  named: Readonly<Record<keyof typeof descriptors, number | 'pipe' | 'ignore'>>,
): (number | 'pipe' | 'ignore')[] {
  const stdio: (number | 'pipe' | 'ignore')[] = Array(Math.max(...Object.values(descriptors)) + 1).fill(
    'ignore',
  );
  stdio[2] = log;
  for (const name of Object.keys(descriptors) as (keyof typeof descriptors)[])
    stdio[descriptors[name]] = named[name];
  return stdio;
}

/** The first line; null at an end of file without one. */
function readLine(stream: Readable): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      stream.destroy();
      resolve(text.slice(0, text.indexOf('\n')));
    });
    stream.once('end', () => resolve(null));
    stream.once('error', () => resolve(null));
  });
}
