// One command in the foreground, as `portwrap` on a terminal: its output, its exit code, its signals.
// Not here: the command line (cli.ts), the launch.
import { randomBytes } from 'node:crypto';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortwrapError } from '../config/errors.ts';
import { type Account, findAccount, loginEnvironment } from './account.ts';
import { ownAddresses } from './addresses.ts';
import type { CliRun } from './cli.ts';
import { substituteGuestPort } from './command.ts';
import { defaultFileView } from './file-view.ts';
import { launch } from './launch.ts';
import { readStat } from './process.ts';
import { createSlirp4netns } from './slirp4netns.ts';
import type { Toolbox } from './tools.ts';

export interface Surroundings {
  readonly tools: Toolbox;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly uid: number;
}

const handled = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const;
/** Keys that a terminal sends to its whole foreground process group, the payload included. */
const fromKeyboard = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT']);

/** Runs the command; resolves with the exit code to end with. Leaves nothing behind. */
export async function runForeground(request: CliRun, around: Surroundings): Promise<number> {
  const asRoot = around.uid === 0;
  const account = await chooseAccount(request, around);
  const interrupt = new AbortController();
  let deliver = (signal: NodeJS.Signals) => interrupt.abort(signal);
  const listeners = handled.map((signal) => [signal, () => deliver(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const sandbox = await launch(
      {
        tools: around.tools,
        forwarder: createSlirp4netns(around.tools, asRoot),
        asRoot,
        hostAddresses: ownAddresses(),
      },
      {
        directory: join(tmpdir(), `portwrap-${randomBytes(8).toString('hex')}`),
        command: substituteGuestPort(request.command, request.guestPort),
        environment: payloadEnvironment(around.environment, account),
        workingDirectory: around.workingDirectory,
        account,
        files: defaultFileView({
          keep: [around.workingDirectory, account?.home ?? around.environment.HOME ?? '/'],
          hide: [],
        }),
        policy: { internet: true, dns: true, hosts: [] },
        hostAddress: request.hostAddress,
        hostPorts: [request.hostPort],
        guestPort: request.guestPort,
        lifetime: 'foreground',
        stdio: [0, 1, 2],
      },
      interrupt.signal,
    );
    deliver = (signal) => {
      if (!(fromKeyboard.has(signal) && isTerminalForeground())) sandbox.signal(signal);
    };
    const exit = await sandbox.exited;
    return exit.code ?? 125;
  } catch (error) {
    // whatever a signal broke on its way, the signal is why it ends; only a failed undo must be told
    if (interrupt.signal.aborted && !(error instanceof AggregateError)) {
      return 128 + constants.signals[interrupt.signal.reason as NodeJS.Signals];
    }
    throw error;
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
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

/** The caller's own environment; for another account only what does not belong to the caller. */
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

/** Are we in the terminal's foreground group? Then the payload, in the same group, had the signal already. */
function isTerminalForeground(): boolean {
  const stat = readStat('self');
  return stat !== null && stat.terminalGroup === stat.group;
}
