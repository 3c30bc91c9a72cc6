// Runs one command in the foreground, as `portwrap` on a terminal: output, exit code, signals.
// Not here: the command line (parse.ts), the launch (launch/launch.ts).
import { constants } from 'node:os';
import { PortwrapError } from '../../config/errors.ts';
import { neededControllers } from '../cgroups/limits.ts';
import { type Cgroups, noCgroups, openCgroups } from '../cgroups/root.ts';
import { cgroupSurroundings, findCgroupWay } from '../cgroups/way.ts';
import { fileView } from '../launch/file-view.ts';
import { substituteGuestPort } from '../launch/guest-port.ts';
import { launch } from '../launch/launch.ts';
import { ownDirectory } from '../launch/own-directory.ts';
import type { LaunchContext, SandboxSpec } from '../launch/spec.ts';
import { commandPorts, firstOf, portsFromRandom } from '../network/host-ports.ts';
import { createNetwork } from '../network/network.ts';
import { ownAddresses } from '../network/own-addresses.ts';
import { killIfDebugged, killIfStopped } from '../sandbox/kill-stopped.ts';
import { whyUnreachable } from '../sandbox/not-ready.ts';
import { answered } from '../sandbox/readiness.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type Account, becomeArgv, findAccount, loginEnvironment } from '../system/account.ts';
import { runTool } from '../system/child.ts';
import { unlessAborted } from '../system/deadline.ts';
import { lookAs } from '../system/look.ts';
import { isTerminalForeground } from '../system/process.ts';
import { leftSomething } from '../system/teardown.ts';
import type { Toolbox } from '../system/tools.ts';
import { sweepTemporary } from '../temporary/sweep.ts';
import { type CliEvent, createEventReporter } from './events.ts';
import type { CliRun } from './parse.ts';

export interface Surroundings {
  readonly tools: Toolbox;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly uid: number;
  /** Whether nohup(1) started this process. */
  readonly ignoresHangup: boolean;
}

const handled = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** Signals that are meant for the command only: they are held until the command runs. */
const forCommand = new Set<NodeJS.Signals>(['SIGUSR1', 'SIGUSR2']);
/** Signals that a terminal sends to its whole foreground process group, which includes the payload. */
const fromKeyboard = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT']);

/** Runs the command; resolves with the exit code for this process. Leaves nothing behind. */
export async function runForeground(request: CliRun, around: Surroundings): Promise<number> {
  const account = await chooseAccount(request, around);
  const tell = createEventReporter({
    json: request.json,
    verbose: request.verbose,
    always: [
      'warning',
      ...(request.hostPort === 0 ? (['forwarding'] as const) : []),
      ...(request.wait ? (['ready', 'unready'] as const) : []),
    ],
    write: (text) => process.stderr.write(text),
  });
  const cgroups = openFor(request);
  const interrupt = new AbortController();
  const early: NodeJS.Signals[] = [];
  let deliver = (signal: NodeJS.Signals) => {
    if (forCommand.has(signal)) early.push(signal);
    else interrupt.abort(signal);
  };
  const listeners = handled.map((signal) => {
    const ignored = signal === 'SIGHUP' && around.ignoresHangup;
    return [signal, () => (ignored ? undefined : deliver(signal))] as const;
  });
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const context = launchContext(request, around, cgroups, tell);
    const spec = await unlessAborted(sandboxSpec(request, around, account), interrupt.signal);
    const sandbox = await launch(context, spec, interrupt.signal);
    deliver = (signal) => {
      // the payload, in the same group, has it already
      if (!(fromKeyboard.has(signal) && isTerminalForeground())) sandbox.signal(signal);
      if (!forCommand.has(signal)) void killIfStopped(sandbox);
    };
    for (const signal of early) sandbox.signal(signal);
    void sweepTemporary(around.tools); // of commands that were killed
    return await attend(request, sandbox, tell);
  } catch (error) {
    // after a signal, other errors are only its consequences; but a failed undo must be reported
    if (interrupt.signal.aborted && !leftSomething(error)) {
      return 128 + constants.signals[interrupt.signal.reason as NodeJS.Signals];
    }
    throw error;
  } finally {
    cgroups.close();
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

/** Accompanies the running command to its end. */
async function attend(request: CliRun, sandbox: Sandbox, tell: (story: CliEvent) => void): Promise<number> {
  const { hostAddress, hostPort, guestPort, child } = sandbox.record;
  const url = `http://${hostAddress}:${hostPort}/`;
  tell({ event: 'forwarding', url, hostPort, guestPort, pid: child.pid });
  const over = new AbortController();
  let hasEnded = false;
  if (request.wait) {
    const probe = { host: hostAddress, port: hostPort, path: '/', certificate: null, child: child.pid };
    const late = setTimeout(() => over.abort(), waitDeadline);
    answered(probe, over.signal)
      .then(
        () => tell({ event: 'ready', url }),
        () => {
          if (hasEnded) return; // it ended before it responded, which is reported below
          const why = whyUnreachable(sandbox.record) ?? 'it listens, and does not answer HTTP requests';
          tell({ event: 'unready', url, seconds: waitDeadline / 1000, message: why });
        },
      )
      .finally(() => clearTimeout(late));
  }
  // a command whose forwarder is permanently lost is unreachable
  void sandbox.forwarderGone.then(() => sandbox.stop(stopGrace));
  void killIfDebugged(sandbox);
  const exit = await sandbox.exited;
  hasEnded = true;
  over.abort();
  tell({ event: 'ended', ...exit });
  if (exit.outOfMemory && !request.json && !request.verbose) {
    process.stderr.write(
      'portwrap: the command ran out of memory (--memory): the kernel killed a process of it\n',
    );
  }
  return exit.code ?? 125;
}

/** Milliseconds that `--wait` waits; after that the command keeps running. */
const waitDeadline = 60_000;

/** Milliseconds that a command may take to end after its forwarder was lost. */
const stopGrace = 10_000;

/** How many host ports are tried at most. */
const mostTries = 200;

/** Control groups are needed only for limits. */
function openFor({ limits }: CliRun): Cgroups {
  return neededControllers(limits).length === 0
    ? noCgroups
    : openCgroups(findCgroupWay('command', cgroupSurroundings()));
}

function launchContext(
  request: CliRun,
  around: Surroundings,
  cgroups: Cgroups,
  tell: (story: CliEvent) => void,
): LaunchContext {
  const { tools, uid } = around;
  const asRoot = uid === 0;
  const network = createNetwork(request.network, tools, asRoot);
  return {
    ...{ tools, asRoot, network },
    hostAddresses: ownAddresses,
    warn: (message) => tell({ event: 'warning', message }),
    cgroups,
    report: ({ program, kind, error }) => {
      if (kind === 'died') return; // the event that follows at once reports it
      tell({ event: program, what: kind, ...(error instanceof Error ? { message: error.message } : {}) });
    },
  };
}

async function sandboxSpec(
  request: CliRun,
  around: Surroundings,
  account: Account | null,
): Promise<SandboxSpec> {
  const workingDirectory = account === null ? around.workingDirectory : await enterable(around, account);
  const home = account?.home ?? around.environment.HOME ?? '/';
  const { hostAddress, hostPort, guestPort, policy, socketFamilies, limits } = request;
  return {
    ...{ hostAddress, guestPort, policy, socketFamilies, limits, account },
    directory: ownDirectory(around.uid, around.environment.XDG_RUNTIME_DIR),
    command: substituteGuestPort(request.command, guestPort),
    environment: payloadEnvironment(around.environment, account),
    workingDirectory,
    ignoredSignals: around.ignoresHangup ? ['HUP'] : [],
    // in the strict view only the home is writable, whatever the caller's working directory is
    files: await fileView(
      {
        ...request.files,
        memory: limits.memory,
        uid: account?.uid ?? around.uid,
        keep: request.files.preset === 'strict' ? [home] : [workingDirectory, home],
      },
      lookAs(around.tools, account),
    ),
    hostPorts: hostPort === 0 ? firstOf(portsFromRandom(commandPorts), mostTries) : [hostPort],
    lifetime: 'foreground',
    stdio: [0, 1, 2],
  };
}

async function chooseAccount(request: CliRun, around: Surroundings): Promise<Account | null> {
  if (request.user === undefined) {
    if (around.uid !== 0 || request.allowRoot) return null;
    throw new PortwrapError('USER_REFUSED', 'portwrap does not run a command as root unless told to', {
      hint: 'Name an account with --user NAME, or say --allow-root.',
    });
  }
  if (around.uid !== 0) throw new PortwrapError('USAGE', '--user needs root');
  const account = await findAccount(around.tools, request.user);
  if (account === null) throw new PortwrapError('USER_REFUSED', `there is no account "${request.user}"`);
  if (account.uid === 0 && !request.allowRoot) {
    throw new PortwrapError('USER_REFUSED', `"${request.user}" is root`, {
      hint: 'Say --allow-root as well.',
    });
  }
  return account;
}

/** The caller's working directory; for an account that may not enter it, the one that login(1) would choose. */
async function enterable({ tools, workingDirectory }: Surroundings, account: Account): Promise<string> {
  for (const directory of [workingDirectory, account.home]) {
    const enter = [tools('sh'), '-c', 'cd -- "$1"', 'portwrap', directory];
    const [program = '', ...argv] = [...becomeArgv(tools('setpriv'), account), ...enter];
    if ((await runTool(program, argv)).code !== 0) continue;
    if (directory !== workingDirectory)
      process.stderr.write(
        `portwrap: ${account.name} may not enter ${workingDirectory}; the command runs in ${directory}\n`,
      );
    return directory;
  }
  throw new PortwrapError(
    'USER_REFUSED',
    `${account.name} may enter neither ${workingDirectory} nor its home directory ${account.home}`,
    { hint: 'Change to a directory that is open to the account, such as /.' },
  );
}

/** The caller's own environment; for another account, without the variables that belong to the caller. */
function payloadEnvironment(
  own: Readonly<Record<string, string>>,
  account: Account | null,
): Record<string, string> {
  if (account === null) return { ...own };
  const shared = Object.entries(own).filter(([name]) =>
    /^(PATH|TERM|COLORTERM|LANG|LANGUAGE|TZ|LC_\w+)$/.test(name),
  );
  return { ...Object.fromEntries(shared), ...loginEnvironment(account) };
}
