// Building a sandbox up to the gate: descriptors, bwrap, and the proof that all of it stands. The payload
// is held. Not here: network and release (launch.ts), arguments (bwrap-argv.ts, gate.ts).
import { constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { PortwrapError } from '../config/errors.ts';
import { becomeArgv } from './account.ts';
import { bwrapArgs, bwrapDescriptors } from './bwrap-argv.ts';
import { type StartedChild, startChild } from './child.ts';
import { aborted, withDeadline } from './deadline.ts';
import { type Descriptor, ownUntil } from './descriptor.ts';
import { gateArgv, gateDescriptors, policyFailedExit, splitEnvironment } from './gate.ts';
import { fifos, type Liveness, makeFifos, openReader, openWriter, watchLiveness } from './liveness.ts';
import { identify, type ProcessIdentity, signalProcess } from './process.ts';
import { type LaunchContext, policyText, type SandboxSpec } from './spec.ts';
import { readStatus, statusFile } from './status.ts';
import type { Teardown } from './teardown.ts';
import { terminalFilter } from './terminal-filter.ts';

const deaf = ['INT', 'QUIT', 'HUP', 'TERM'] as const;

/** A sandbox whose payload waits at the gate. */
export interface HeldSandbox {
  readonly child: ProcessIdentity;
  readonly life: Liveness;
  /** Lets the payload run. */
  readonly go: Descriptor;
  /** bwrap's monitor in the foreground; setsid, already ended, when detached. */
  readonly starter: StartedChild;
}

/** Milliseconds until bwrap must have built the sandbox, and until a killed one must be gone. */
const buildDeadline = 30_000;
const goneDeadline = 10_000;

export async function buildSandbox(
  context: LaunchContext,
  spec: SandboxSpec,
  undo: Teardown,
  abort: AbortSignal,
): Promise<HeldSandbox> {
  const at = (name: string) => join(spec.directory, name);
  const own = ownUntil(undo);
  await makeFifos(context.tools, Object.values(fifos).map(at));
  const lifeReader = openReader(at(fifos.life)); // before the writer, or opening that fails
  const lifeWriter = own(openWriter(at(fifos.life)));
  const life = watchLiveness(lifeReader);
  undo.add('liveness', () => life.close());
  // read and write: then it has no end of file, and no death of a launcher releases the payload
  const go = own(openSync(at(fifos.go), constants.O_RDWR));
  const status = own(
    openSync(at(statusFile), constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600),
  );
  const filter = spec.lifetime === 'foreground' ? terminalFilter() : null;
  const filterFile = filter === null ? null : own(openContent(at('terminal.bpf'), filter));
  const rules = context.asRoot ? null : own(openContent(at('rules.nft'), policyText(context, spec)));
  const synthetic = spec.files.synthetic.map((file, index) =>
    own(openContent(at(`file-${index}`), file.content)),
  );

  const [program = '', ...argv] = startArgv(context, spec);
  const starter = startChild(program, argv, {
    // 3 args, 4 status, 5 filter, 6 go, 7 life, 8 announce, 9 rules, 10… synthetic files
    stdio: [
      ...spec.stdio,
      ...['pipe' as const, status.fd, filterFile?.fd ?? ('ignore' as const)],
      ...[go.fd, lifeWriter.fd, 'pipe' as const, rules?.fd ?? ('ignore' as const)],
      ...synthetic.map((file) => file.fd),
    ],
    detached: spec.lifetime === 'detached',
  });
  for (const descriptor of [lifeWriter, status, filterFile, rules, ...synthetic]) descriptor?.close();
  // without a process there are no pipes either; the rejection says why
  if (starter.process.pid === undefined) await starter.exited;
  const pipe = (fd: number) => starter.process.stdio[fd] as Duplex;
  undo.add('sandbox', () => endSandbox(spec.directory, life, pipe));
  // when setsid's first process has ended, bwrap belongs to init and no death of ours ends it
  if (spec.lifetime === 'detached') await starter.exited;

  const announced = readByte(pipe(gateDescriptors.announce));
  pipe(bwrapDescriptors.args).on('error', () => {}); // a bwrap that ends early is told by its life
  pipe(bwrapDescriptors.args).end(sandboxArgs(context, spec, synthetic.length, filter !== null));
  const broken = life.gone.then(() => Promise.reject(buildFailure(spec)));
  await withDeadline(
    Promise.race([announced, broken, aborted(abort)]),
    buildDeadline,
    () =>
      new PortwrapError('SANDBOX_FAILED', `bubblewrap did not build the sandbox within ${buildDeadline} ms`),
  );
  const child = findChild(spec.directory);
  if (child === null) throw buildFailure(spec);
  return { child, life, go, starter };
}

/** The whole chain: its own lifetime, the account, bwrap, the gate, the command. No secret is in it. */
function startArgv(context: LaunchContext, spec: SandboxSpec): string[] {
  const { tools } = context;
  const gate = gateArgv(
    {
      sh: tools('sh'),
      env: tools('env'),
      loadRules: context.asRoot ? null : tools('nft'),
      // bwrap leaves root its capabilities, and gives an unprivileged gate those it asks for
      dropCapabilities: context.asRoot && spec.account !== null ? null : tools('setpriv'),
      openFiles: spec.limits.openFiles,
      umask: spec.lifetime === 'foreground' ? null : '022',
      restoreSignals: spec.lifetime === 'foreground' ? deaf : [],
      lateEnvironment: environmentOf(context, spec).late,
    },
    spec.command,
  );
  return [
    // in the foreground it stays in the terminal's process group, and in a batch job among its processes, with
    // bwrap itself deaf to what is sent to all of them: that ends the payload and not its monitor
    ...(spec.lifetime === 'detached'
      ? [tools('setsid'), '--fork']
      : [tools('env'), `--ignore-signal=${deaf.join(',')}`]),
    ...(spec.account === null ? [] : becomeArgv(tools('setpriv'), spec.account)),
    ...[tools('bwrap'), '--args', String(bwrapDescriptors.args), '--'],
    ...gate,
  ];
}

function sandboxArgs(
  context: LaunchContext,
  spec: SandboxSpec,
  syntheticFiles: number,
  filtered: boolean,
): string {
  const first = gateDescriptors.rules + 1;
  const args = bwrapArgs({
    files: spec.files,
    syntheticDescriptors: Array.from({ length: syntheticFiles }, (_, index) => first + index),
    environment: environmentOf(context, spec).early,
    workingDirectory: spec.workingDirectory,
    filtered,
    gateCapabilities: context.asRoot ? [] : ['CAP_NET_ADMIN', 'CAP_SETPCAP'],
  });
  return args.map((arg) => `${arg}\0`).join('');
}

function environmentOf(context: LaunchContext, spec: SandboxSpec) {
  return splitEnvironment(spec.environment, !context.asRoot);
}

/**
 * Takes a half-built sandbox down. The gate ends by itself once its announcement cannot be written, so that
 * pipe closes first; a gate that has announced is killed by the pid that bwrap wrote down.
 */
async function endSandbox(directory: string, life: Liveness, pipe: (fd: number) => Duplex): Promise<void> {
  for (const fd of [gateDescriptors.announce, bwrapDescriptors.args]) pipe(fd).destroy();
  const child = findChild(directory);
  if (child !== null) signalProcess(child, 'SIGKILL');
  await withDeadline(life.gone, goneDeadline, () => new Error(`the sandbox in ${directory} did not end`));
}

function buildFailure(spec: SandboxSpec): PortwrapError {
  return readStatus(spec.directory).exitCode === policyFailedExit
    ? new PortwrapError('POLICY_FAILED', 'nft could not load the network policy inside the sandbox')
    : new PortwrapError('SANDBOX_FAILED', 'bubblewrap could not build the sandbox');
}

/** Pid 1 of the sandbox, as bwrap wrote it down. */
function findChild(directory: string): ProcessIdentity | null {
  const { childPid } = readStatus(directory);
  return childPid === null ? null : identify(childPid);
}

function openContent(path: string, content: string | Buffer): number {
  writeFileSync(path, content, { mode: 0o600 });
  return openSync(path, constants.O_RDONLY);
}

function readByte(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('data', () => {
      resolve();
      stream.destroy();
    });
    stream.on('error', () => {});
  });
}
