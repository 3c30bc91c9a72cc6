// Building a sandbox up to the gate: descriptors, bwrap, and the proof that all of it stands. The payload
// is held. Not here: network and release (launch.ts), arguments (bwrap-argv.ts, gate.ts).
import { constants, openSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import type { CgroupPlace } from '../cgroups/cgroup.ts';
import { cgroupsInside } from '../cgroups/inside.ts';
import { scopeArgv } from '../cgroups/scope.ts';
import type { ScopeManager } from '../cgroups/way.ts';
import { readStatus, statusFile } from '../sandbox/status.ts';
import { becomeArgv } from '../system/account.ts';
import { type StartedChild, startChild } from '../system/child.ts';
import { aborted, withDeadline } from '../system/deadline.ts';
import { ownUntil } from '../system/descriptor.ts';
import { fifos, type Liveness, openReader, watchLiveness } from '../system/liveness.ts';
import { lookAs } from '../system/look.ts';
import { identify, type ProcessIdentity, signalProcess } from '../system/process.ts';
import { mountsOf, ownMounts } from '../system/steady-mounts.ts';
import type { Teardown } from '../system/teardown.ts';
import { bwrapArgs } from './bwrap-argv.ts';
import { descriptors, inheritedStdio, syntheticDescriptor } from './descriptors.ts';
import { gateArgv, gateStands, policyFailedExit, splitEnvironment, wordToGo } from './gate.ts';
import { lateMount } from './late-mounts.ts';
import { isLowPort } from './low-ports.ts';
import { type LaunchContext, policyText, type SandboxSpec } from './spec.ts';
import { systemCallFilter } from './system-call-filter.ts';
import { endLoader, fifosMade, policyLog, preludeArgv } from './wrapper.ts';

const deaf = ['INT', 'QUIT', 'HUP', 'TERM', 'USR1', 'USR2'] as const;

/** A sandbox whose payload waits at the gate. */
export interface HeldSandbox {
  readonly child: ProcessIdentity;
  readonly life: Liveness;
  /** Lets the payload run. */
  release(): void;
  /** bwrap's monitor in the foreground; setsid, already ended, when detached. */
  readonly starter: StartedChild;
  /** To the loader of the network policy that waits outside; null when the gate has loaded it. */
  readonly policy: Duplex | null;
  /** Lets systemd remove the sandbox's scope, if it has one, when it has ended. */
  leaveScope(): void;
}

/** Milliseconds until bwrap must have built the sandbox, and until a killed one must be gone. */
const buildDeadline = 30_000;
const goneDeadline = 10_000;
/** Milliseconds after which it is asked what bwrap waits for. */
const suspiciousDelay = 5_000;

/** `place`: its control group, as far as it has one already. Throws PortwrapError, or the reason of `abort`. */
export async function buildSandbox(
  context: LaunchContext,
  spec: SandboxSpec,
  place: CgroupPlace | null,
  undo: Teardown,
  abort: AbortSignal,
): Promise<HeldSandbox> {
  const at = (name: string) => join(spec.directory, name);
  const own = ownUntil(undo);
  const { synthetic, readOnlyRoot } = spec.files;
  const mountsBefore = readOnlyRoot ? ownMounts() : '';
  const status = own(
    openSync(at(statusFile), constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600),
  );
  const filter = systemCallFilter({
    families: spec.socketFamilies,
    terminal: spec.lifetime === 'foreground',
  });
  const filterFile = own(openContent(at('filter.bpf'), filter));
  const rules = context.asRoot ? null : own(openContent(at('rules.nft'), policyText(context, spec)));

  const [program = '', ...argv] = startArgv(context, spec);
  const starter = startChild(program, argv, {
    stdio: [
      ...spec.stdio,
      ...inheritedStdio<number | 'pipe' | 'ignore'>(
        {
          args: 'pipe',
          status: status.fd,
          filter: filterFile.fd,
          keeper: context.cgroups.scope === null ? 'ignore' : 'pipe',
          life: 'ignore',
          launcher: 'pipe',
          policy: rules?.fd ?? 'pipe',
        },
        synthetic.map(() => 'pipe'),
      ),
    ],
    detached: spec.lifetime === 'detached',
  });
  for (const descriptor of [status, filterFile, rules]) descriptor?.close();
  // without a process there are no pipes either; the rejection says why
  if (starter.process.pid === undefined) await starter.exited;
  const pipe = (fd: number) => starter.process.stdio[fd] as Duplex;
  const inputs = [descriptors.args, ...synthetic.map((_, index) => syntheticDescriptor(index))];
  const closePipes = () => {
    for (const fd of [descriptors.launcher, ...inputs]) pipe(fd).destroy();
  };
  const policy = context.asRoot ? pipe(descriptors.policy) : null;
  policy?.on('error', () => {}); // a loader that is killed is told by its silence
  if (policy !== null) undo.add('policy loader', () => endLoader(policy));
  const keeper = context.cgroups.scope === null ? null : pipe(descriptors.keeper);
  keeper?.on('error', () => {}); // a keeper that is killed lets the scope go, and nothing else
  const leaveScope = () => void keeper?.destroy();
  undo.add('scope', leaveScope);
  undo.add('pipes', closePipes);
  for (const fd of inputs) pipe(fd).on('error', () => {}); // a bwrap that ends early is told by its life
  const gate = pipe(descriptors.launcher);
  const heard = listenTo(gate);
  const failed = starter.exited.then(({ code }) => {
    if (code !== 0) throw buildFailure(spec);
  });
  await inTime(Promise.race([heard(fifosMade), failed.then(() => heard(fifosMade))])).catch((cause) => {
    throw context.cgroups.scope === null ? cause : noScope(context.cgroups.scope, cause);
  });
  const life = watchLiveness(openReader(at(fifos.life)));
  undo.add('liveness', () => life.close());
  undo.add('sandbox', () => endSandbox(spec.directory, life, closePipes));
  // when setsid's first process has ended, bwrap belongs to init and no death of ours ends it
  if (spec.lifetime === 'detached') await starter.exited;

  // what is secret in them is on no disk: a pipe leads into a file system of the sandbox's own
  for (const [index, { content }] of synthetic.entries()) pipe(syntheticDescriptor(index)).end(content);
  pipe(descriptors.args).end(sandboxArgs(context, spec, place));
  const broken = life.gone.then(() => Promise.reject(buildFailure(spec)));
  const stuck = watchForDeadPaths(context, spec);
  try {
    await inTime(Promise.race([heard(gateStands), broken, stuck.found, aborted(abort)]));
  } finally {
    stuck.close();
  }
  const child = findChild(spec.directory);
  if (child === null) throw buildFailure(spec);
  if (readOnlyRoot) refuseLateMount(spec, child, mountsBefore);
  return { child, life, starter, policy, release: () => gate.end(wordToGo), leaveScope };
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
      dropCapabilities:
        context.asRoot && spec.account !== null && !gateHasCapabilities(context, spec)
          ? null
          : tools('setpriv'),
      detachMounts: spec.files.readOnlyRoot ? tools('mount') : null,
      openFiles: spec.limits.openFiles,
      lowPorts: !context.asRoot && isLowPort(spec.guestPort),
      umask: spec.lifetime === 'foreground' ? null : '022',
      restoreSignals:
        spec.lifetime === 'foreground' ? deaf.filter((signal) => !spec.ignoredSignals?.includes(signal)) : [],
      lateEnvironment: environmentOf(context, spec).late,
    },
    spec.command,
  );
  const paths = {
    life: join(spec.directory, fifos.life),
    forwarder: join(spec.directory, fifos.forwarder),
    policyLog: context.asRoot ? join(spec.directory, policyLog) : null,
    keeper: context.cgroups.scope !== null,
    lowPorts: isLowPort(spec.guestPort),
  };
  const prelude = preludeArgv(tools, paths, [
    // in the foreground it stays in the terminal's process group, and in a batch job among its processes, with
    // bwrap itself deaf to what is sent to all of them: that ends the payload and not its monitor
    ...(spec.lifetime === 'detached'
      ? [tools('setsid'), '--fork']
      : [tools('env'), `--ignore-signal=${deaf.join(',')}`]),
    ...(spec.account === null ? [] : becomeArgv(tools('setpriv'), spec.account)),
    ...[tools('bwrap'), '--args', String(descriptors.args), '--'],
    ...gate,
  ]);
  if (context.cgroups.scope === null) return prelude;
  const unit = basename(spec.directory);
  const scope = { manager: context.cgroups.scope, unit, description: 'A sandbox of portwrap' };
  return scopeArgv(tools, scope, process.getuid?.() ?? 0, prelude);
}

function noScope(manager: ScopeManager, cause: unknown): PortwrapError {
  return new PortwrapError('LIMITS_UNAVAILABLE', `systemd (${manager}) made no scope for the sandbox`, {
    hint: 'See the message of systemd-run above, or take the limits away.',
    cause,
  });
}

function sandboxArgs(context: LaunchContext, spec: SandboxSpec, place: CgroupPlace | null): string {
  const args = bwrapArgs({
    files: spec.files,
    closed: cgroupsInside(place),
    syntheticDescriptors: spec.files.synthetic.map((_, index) => syntheticDescriptor(index)),
    environment: environmentOf(context, spec).early,
    workingDirectory: spec.workingDirectory,
    gateCapabilities: gateCapabilities(context, spec),
  });
  return args.map((arg) => `${arg}\0`).join('');
}

function environmentOf(context: LaunchContext, spec: SandboxSpec) {
  return splitEnvironment(spec.environment, gateHasCapabilities(context, spec));
}

/** In its own user namespace; it drops them before the payload runs. */
function gateCapabilities(context: LaunchContext, spec: SandboxSpec): string[] {
  const needed = [
    ...(context.asRoot ? [] : ['CAP_NET_ADMIN']),
    ...(spec.files.readOnlyRoot ? ['CAP_SYS_ADMIN'] : []),
  ];
  return needed.length === 0 ? [] : [...needed, 'CAP_SETPCAP'];
}

function gateHasCapabilities(context: LaunchContext, spec: SandboxSpec): boolean {
  return gateCapabilities(context, spec).length > 0;
}

/**
 * Takes a half-built sandbox down. The gate ends by itself when its launcher no longer listens, so that pipe
 * closes first; what bwrap is still busy with is killed by the pid that it wrote down.
 */
async function endSandbox(directory: string, life: Liveness, closePipes: () => void): Promise<void> {
  closePipes();
  const child = findChild(directory);
  if (child !== null) signalProcess(child, 'SIGKILL');
  await withDeadline(life.gone, goneDeadline, () => new Error(`the sandbox in ${directory} did not end`));
}

/** Whoever launches tries again, for the mounts of the machine have changed. */
function refuseLateMount({ files }: SandboxSpec, child: ProcessIdentity, before: string): void {
  const point = lateMount(files, mountsOf(child.pid), before);
  if (point === null) return;
  throw new PortwrapError('SANDBOX_FAILED', `${point} was mounted while the read-only sandbox was built`);
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

function inTime<T>(work: Promise<T>): Promise<T> {
  return withDeadline(
    work,
    buildDeadline,
    () =>
      new PortwrapError('SANDBOX_FAILED', `bubblewrap did not build the sandbox within ${buildDeadline} ms`),
  );
}

/**
 * A file system that does not answer holds bubblewrap for ever. When it takes long, the paths of the sandbox are looked
 * at; `found` rejects with PATH_UNAVAILABLE, naming the one, and otherwise never settles.
 */
function watchForDeadPaths(
  { tools }: LaunchContext,
  { account, files, workingDirectory }: SandboxSpec,
): { found: Promise<never>; close: () => void } {
  const paths = [workingDirectory, ...files.mounts.map(({ path }) => path)];
  let timer: NodeJS.Timeout | undefined;
  const found = new Promise<never>((_, reject) => {
    timer = setTimeout(() => void lookAs(tools, account)(paths).catch(reject), suspiciousDelay);
  });
  found.catch(() => {}); // it may be told when nobody asks any more
  return { found, close: () => clearTimeout(timer) };
}

/** What is said on a pipe, letter by letter; settles when that letter has been heard. */
function listenTo(stream: Readable): (letter: string) => Promise<void> {
  let heard = '';
  const waiting = new Map<string, () => void>();
  stream.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    for (const [letter, tell] of waiting) if (heard.includes(letter)) tell();
  });
  stream.on('error', () => {});
  return (letter) =>
    new Promise((resolve) => {
      if (heard.includes(letter)) resolve();
      else waiting.set(letter, resolve);
    });
}
