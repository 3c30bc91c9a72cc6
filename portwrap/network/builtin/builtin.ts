// The forwarder `builtin`: portwrap-forward listens on the host port, and connects in the sandbox's own network. It ends
// with the first process of the sandbox. Not here: its arguments (argv.ts), its source (native/forward/).
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownUntil } from '../../system/descriptor.ts';
import { fifos, openReader, openWriter } from '../../system/liveness.ts';
import { createTeardown } from '../../system/teardown.ts';
import type { Toolbox } from '../../system/tools.ts';
import type { Forward, Forwarder, ForwardRequest } from '../forwarder.ts';
import { needsRootPorts, sandboxOwner } from '../forwarder-account.ts';
import { firstOf, noPortBound } from '../host-ports.ts';
import { watchProgram } from '../watch-program.ts';
import { builtinArgv, mostHostPorts } from './argv.ts';
import { findForwardProgram } from './program.ts';
import { startForwardProgram } from './start-program.ts';

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
    const started = await startForwardProgram(
      {
        ...{ argv: builtinArgv(request, hostPorts, owner), log: log.fd },
        inherited: {
          ...{ alive: token.fd, program: binary.fd },
          ...(request.messages === null ? {} : { messages: request.messages }),
        },
        said: () => readFileSync(logFile).subarray(logged).toString('utf8'),
      },
      undo,
      [noPort],
    );
    for (const descriptor of [token, log, binary]) descriptor.close();
    if (typeof started === 'number') throw noPortBound(request.hostAddress, hostPorts);
    const { child, identity, line } = started;
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
