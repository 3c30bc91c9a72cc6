// `portwrap job`: runs one server in a batch job, and reports its events to the service that submitted it. The sandbox
// ends with this process. Not here: the launch (launch/launch.ts), sending reports (report.ts).
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { isIPv4, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import { portOf } from '../../config/system/url-port.ts';
import { noLimits } from '../cgroups/limits.ts';
import { noCgroups } from '../cgroups/root.ts';
import { fileView } from '../launch/file-view.ts';
import { launch } from '../launch/launch.ts';
import { ownDirectory } from '../launch/own-directory.ts';
import type { LaunchContext, SandboxSpec } from '../launch/spec.ts';
import { portsFromRandom } from '../network/host-ports.ts';
import { createNetwork } from '../network/network.ts';
import { ownAddresses } from '../network/own-addresses.ts';
import { killIfDebugged } from '../sandbox/kill-stopped.ts';
import { answered } from '../sandbox/readiness.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { unlessAborted } from '../system/deadline.ts';
import { makeFifos, openReader } from '../system/liveness.ts';
import { lookAs } from '../system/look.ts';
import type { Toolbox } from '../system/tools.ts';
import { sweepTemporary } from '../temporary/sweep.ts';
import type { JobSpec } from './protocol.ts';
import { createReporter, type Reporter } from './report.ts';
import { parseJobSpec } from './spec.ts';

export interface JobSurroundings {
  readonly tools: Toolbox;
  readonly uid: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** Milliseconds that the last report is repeated; after that the service has only the batch system's accounting. */
const lastReport = 60_000;
/** These signals, or a second one, kill the server without a grace period. */
const atOnce = new Set<NodeJS.Signals>(['SIGUSR1']);
const handled = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const;

/** Runs the specification `text`; resolves with the exit code of the server. Leaves nothing behind. */
export async function runJob(text: string, around: JobSurroundings): Promise<number> {
  const spec = parseJobSpec(text);
  if ('probe' in spec) {
    const { probeNode } = await import('./probe.ts');
    return probeNode(spec.probe, spec.report, around);
  }
  const reporter = createReporter(spec.report);
  const ending = listenForSignals();
  try {
    return await attend(spec, around, reporter, ending);
  } catch (cause) {
    const { code, message, hint, exit } = toPortwrapError(cause);
    if (ending.first.signal.aborted) {
      reporter.tell({ event: 'ended', code: 143, signal: 'SIGTERM', out_of_memory: false, asked: true });
      return 0;
    }
    if (code === 'INTERNAL') process.stderr.write(`${(cause as Error).stack}\n`);
    reporter.tell({ event: 'failed', code, message, hint });
    return exit;
  } finally {
    await reporter.drained(lastReport);
    reporter.close();
    ending.close();
  }
}

async function attend(
  spec: JobSpec,
  around: JobSurroundings,
  reporter: Reporter,
  ending: Ending,
): Promise<number> {
  const { sandbox, output } = await begin(spec, around, reporter, ending.first.signal);
  tellStart(spec, around, sandbox, reporter);
  const ended = new AbortController();
  const { child, hostAddress: host, hostPort: port } = sandbox.record;
  answered({ host, port, path: spec.readyPath, certificate: null, child: child.pid }, ended.signal).then(
    () => reporter.tell({ event: 'ready' }),
    () => {}, // it ended before it responded: reported below
  );
  const stop = (grace: number) => void sandbox.stop(grace);
  ending.first.signal.addEventListener('abort', () => stop(spec.stopGrace), { once: true });
  ending.now.signal.addEventListener('abort', () => stop(0), { once: true });
  if (ending.first.signal.aborted) stop(spec.stopGrace);
  if (ending.now.signal.aborted) stop(0);
  void reporter.unwanted.then(() => stop(spec.stopGrace));
  void killIfDebugged(sandbox);
  void sandbox.forwarderGone.then(() => stop(spec.stopGrace)); // it cannot be reached any more
  const exit = await sandbox.exited;
  ended.abort();
  await output.read;
  reporter.tell({
    event: 'ended',
    code: exit.code,
    signal: exit.signal,
    out_of_memory: exit.outOfMemory,
    asked: ending.first.signal.aborted,
  });
  // a requested stop exits with 0, so that the batch system does not count it as failed
  return ending.first.signal.aborted ? 0 : (exit.code ?? 125);
}

/** Leaves nothing on disk: the files of the launch are removed when it returns. */
async function begin(spec: JobSpec, around: JobSurroundings, reporter: Reporter, abort: AbortSignal) {
  const directory = ownDirectory(around.uid, around.environment.XDG_RUNTIME_DIR);
  mkdirSync(directory, { mode: 0o700 });
  try {
    const facing = hostAddress(spec);
    facing.catch(() => {}); // awaited below
    const output = await openOutput(around.tools, directory, (chunk) => reporter.log(chunk));
    const described = facing.then((host) =>
      sandboxSpec(spec, around, { directory: join(directory, 'sandbox'), host, output }),
    );
    const sandbox = await unlessAborted(described, abort)
      .then((sandboxed) => launch(launchContext(spec, around), sandboxed, abort))
      .finally(() => output.closeWriter());
    void sweepTemporary(around.tools); // of jobs that were killed
    return { sandbox, output };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function tellStart(
  { batch }: JobSpec,
  { environment }: JobSurroundings,
  sandbox: Sandbox,
  reporter: Reporter,
): void {
  const { hostAddress: host, hostPort: port, child } = sandbox.record;
  const job = environment[batch.job] ?? '';
  const node = environment[batch.node] ?? '';
  reporter.tell({
    event: 'started',
    ...{ job, node, host, port },
    restarts: Number(environment[batch.restarts]) || 0,
    pid: child.pid,
    start_time: child.startTime,
    clock: Date.now(),
  });
}

function launchContext(spec: JobSpec, { tools, uid }: JobSurroundings): LaunchContext {
  const asRoot = uid === 0;
  return {
    ...{ tools, asRoot, hostAddresses: ownAddresses },
    network: createNetwork(spec.network, tools, asRoot),
    cgroups: noCgroups, // the batch system sets the limits of the job
  };
}

async function sandboxSpec(
  spec: JobSpec,
  around: JobSurroundings,
  { directory, host, output }: { directory: string; host: string; output: Output },
): Promise<SandboxSpec> {
  return {
    directory,
    command: spec.command,
    environment: { ...passedOn(spec.batch, around.environment), ...spec.environment },
    workingDirectory: spec.workingDirectory,
    umask: spec.umask,
    account: null,
    files: await fileView(
      { ...spec.files, ...temporaryOfJob(spec, around), uid: process.getuid?.() ?? 0 },
      lookAs(around.tools, null),
    ),
    policy: spec.policy,
    socketFamilies: spec.socketFamilies,
    limits: { ...noLimits, openFiles: spec.openFiles },
    hostAddress: host,
    hostPorts: portsFromRandom(spec.hostPorts),
    guestPort: spec.guestPort,
    lifetime: 'foreground',
    stdio: ['ignore', output.writer, output.writer],
  };
}

/** The batch system may give a job a directory of its own for temporary files, and remove it afterwards. */
function temporaryOfJob({ files }: JobSpec, { environment }: JobSurroundings): { temporaryIn?: string } {
  const { TMPDIR: own = '' } = environment;
  const isWanted = (files.temporaryIn ?? 'disk') === 'disk' && /^\/+[^/]/.test(own) && existsSync(own);
  return isWanted ? { temporaryIn: own } : {};
}

/** The variables with which the batch system describes a job and its devices. */
function passedOn(
  { passed, withheld }: JobSpec['batch'],
  environment: JobSurroundings['environment'],
): Record<string, string> {
  const isPassed = (name: string) =>
    passed.some((wanted) => (wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted));
  const entries = Object.entries(environment).filter(([name]) => isPassed(name) && !withheld.includes(name));
  return Object.fromEntries(entries);
}

async function hostAddress({ hostInterface, report, hints }: JobSpec): Promise<string> {
  if (hostInterface === null) return addressFacing(new URL(report.url), hints.reportUrl);
  const found = networkInterfaces()[hostInterface]?.find(({ family }) => family === 'IPv4');
  if (found !== undefined) return found.address;
  throw new PortwrapError(
    'FORWARD_FAILED',
    `this node has no IPv4 address on the interface ${hostInterface}`,
    { hint: hints.hostInterface },
  );
}

/** The address of this node on its route to the service; found without sending a packet. */
async function addressFacing(url: URL, hint: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(portOf(url), url.hostname);
    await connected;
    const { address } = socket.address();
    if (isIPv4(address)) return address;
    throw new Error(`${address} is not an IPv4 address`);
  } catch (cause) {
    throw new PortwrapError('FORWARD_FAILED', `this node has no route to ${url.hostname}: ${String(cause)}`, {
      ...{ hint, cause },
    });
  } finally {
    socket.close();
  }
}

interface Output {
  /** For the payload to inherit. */
  readonly writer: number;
  closeWriter(): void;
  /** Settles when every writer has closed and all output has been read. */
  readonly read: Promise<void>;
}

/** An unlinked FIFO: the payload's writes block while we are busy, and no output is stored in a file. */
async function openOutput(tools: Toolbox, directory: string, take: (chunk: Buffer) => void): Promise<Output> {
  const path = join(directory, 'output.fifo');
  await makeFifos(tools, [path]);
  const socket = new Socket({ fd: openReader(path), readable: true, writable: false });
  const writer = openSync(path, constants.O_WRONLY);
  rmSync(path);
  socket.on('data', take).on('error', () => {});
  const read = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { writer, closeWriter: () => closeSync(writer), read };
}

interface Ending {
  /** Aborted by the first signal. */
  readonly first: AbortController;
  /** Aborted by a signal of `atOnce`, or by a second one. */
  readonly now: AbortController;
  close(): void;
}

function listenForSignals(): Ending {
  const ending = { first: new AbortController(), now: new AbortController() };
  const listener = (signal: NodeJS.Signals) => {
    if (ending.first.signal.aborted || atOnce.has(signal)) ending.now.abort();
    ending.first.abort(new Error(signal));
  };
  for (const signal of handled) process.on(signal, listener);
  return {
    ...ending,
    close() {
      for (const signal of handled) process.off(signal, listener);
    },
  };
}
