// Builds a sandbox up to the gate: descriptors, bwrap, and the gate's message that it runs. The payload does not run yet.
// Not here: network and start signal (launch.ts), arguments (bwrap-argv.ts, gate.ts).
import { constants, openSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import { cgroupMounts } from '../cgroups/hierarchies.ts';
import { cgroupsInside } from '../cgroups/inside.ts';
import type { CgroupPlace } from '../cgroups/place.ts';
import { scopeArgv } from '../cgroups/scope.ts';
import type { ScopeManager } from '../cgroups/way.ts';
import { readMountinfo } from '../mounts/table.ts';
import { callerTerminal, type TerminalMount, terminalMounts } from '../mounts/terminals.ts';
import type { ResolverInside } from '../network/resolver-inside.ts';
import { mapWhenAsked } from '../sandbox/own-groups.ts';
import { readStatus, statusFile } from '../sandbox/status.ts';
import { killStuckLater } from '../sandbox/stuck.ts';
import { type Account, becomeArgv } from '../system/account.ts';
import { inProfile, restrictsNamespaces } from '../system/apparmor.ts';
import { type StartedChild, startChild } from '../system/child.ts';
import { aborted, withDeadline } from '../system/deadline.ts';
import { ownUntil } from '../system/descriptor.ts';
import { fifos, type Liveness, openReader, watchLiveness } from '../system/liveness.ts';
import { lookAs } from '../system/look.ts';
import { identify, type ProcessIdentity, signalProcess } from '../system/process.ts';
import type { Teardown } from '../system/teardown.ts';
import type { TemporaryDirectory } from '../temporary/directory.ts';
import { imageNotMounted } from '../temporary/image.ts';
import { parts } from '../temporary/registration.ts';
import { bwrapArgs, checkAmount } from './bwrap-argv.ts';
import { descriptors, inheritedStdio, initDescriptor, syntheticDescriptor } from './descriptors.ts';
import { adoptSignal, gateArgv, gateReady, policyFailedExit, splitEnvironment, startSignal } from './gate.ts';
import { lateMount } from './late-mounts.ts';
import { type LaunchContext, policyText, type SandboxSpec } from './spec.ts';
import { isLowPort, type Sysctls } from './sysctls.ts';
import { filterFile, systemCallFilter } from './system-call-filter.ts';
import { wrapperArgv } from './wrapper/argv.ts';
import { endLoader, policyLog } from './wrapper/loader.ts';
import { findWrapperProgram } from './wrapper/program.ts';
import { imageFailed, isBuilt, isPrepared, terminalsFailed } from './wrapper/wrapper.ts';

const ignoredSignals = ['INT', 'QUIT', 'HUP', 'TERM', 'USR1', 'USR2'] as const;

/** Of a detached payload, in octal digits. */
export const payloadUmask = '022';

/** In the sandbox's directory, until bwrap has used it. */
const mapsFifo = 'maps.fifo';
/** The byte for which bwrap waits; it ignores which one. */
const mapsWritten = 'm';

/** A sandbox whose payload waits at the gate. */
export interface HeldSandbox {
  readonly child: ProcessIdentity;
  readonly life: Liveness;
  /** Lets the payload run. */
  release(): void;
  /**
   * Makes that process of the sandbox the payload instead, by its pid inside. Only with `spec.preload`. Settles when
   * process 1 has closed the launcher's socket: a payload that runs may take what process 1 has.
   */
  adopt(pid: number): Promise<void>;
  /** bwrap's monitor in the foreground; setsid, already ended, when detached. */
  readonly starter: StartedChild;
  /** To the loader of the network policy that waits outside; null when the gate has loaded it. */
  readonly policy: Duplex | null;
  /** Ends the keeper of the sandbox's scope, if there is one, so that systemd removes the scope. */
  leaveScope(): void;
}

/** Milliseconds until bwrap must have built the sandbox, and until a killed one must be gone. */
const buildDeadline = 30_000;
const goneDeadline = 10_000;
/** Milliseconds after which it is asked what bwrap waits for. */
const suspiciousDelay = 5_000;

export interface Surroundings {
  /** Its control group, if it exists already. */
  readonly place: CgroupPlace | null;
  /** The mounts of the machine, proc_pid_mountinfo(5). */
  readonly mountinfo: string;
  readonly resolver: ResolverInside;
  /** Its temporary files on disk, if it has any. */
  readonly temporary: TemporaryDirectory | null;
}

/** Throws PortwrapError, or the reason of `abort`. */
export async function buildSandbox(
  context: LaunchContext,
  spec: SandboxSpec,
  around: Surroundings,
  undo: Teardown,
  abort: AbortSignal,
): Promise<HeldSandbox> {
  const at = (name: string) => join(spec.directory, name);
  const own = ownUntil(undo);
  const { synthetic, readOnlyRoot } = spec.files;
  const status = own(
    openSync(at(statusFile), constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600),
  );
  const filter = systemCallFilter({
    families: spec.socketFamilies,
    terminal: spec.lifetime === 'foreground',
  });
  const filterProgram = own(openContent(at(filterFile), filter));
  const rules = context.asRoot
    ? null
    : own(openContent(at('rules.nft'), policyText(context, spec, around.resolver)));

  const init = spec.preload ? own(openSync(spec.preload.init, constants.O_RDONLY)) : null;

  const terminal = callerTerminal(spec.stdio);
  const terminals = terminalMounts(around.mountinfo, terminal);
  const [program = '', ...argv] = startArgv(context, spec, around, terminals);
  const bwrapArguments = sandboxArgs(context, spec, around, terminal !== null, argv.length);
  const hasKeeper = !context.asRoot || context.cgroups.scope !== null;
  const starter = startChild(program, argv, {
    stdio: [
      ...spec.stdio,
      ...inheritedStdio<number | 'pipe' | 'ignore'>(
        {
          args: 'pipe',
          status: status.fd,
          filter: filterProgram.fd,
          keeper: hasKeeper ? 'pipe' : 'ignore',
          life: 'ignore',
          launcher: 'pipe',
          policy: rules?.fd ?? 'pipe',
        },
        synthetic.map(() => 'pipe'),
      ),
      ...(init === null ? [] : [init.fd]),
    ],
    detached: spec.lifetime === 'detached',
  });
  for (const descriptor of [status, filterProgram, rules, init]) descriptor?.close();
  // without a process there are no pipes either; the rejection says why
  if (starter.process.pid === undefined) await starter.exited;
  const pipe = (fd: number) => starter.process.stdio[fd] as Duplex;
  const inputs = [descriptors.args, ...synthetic.map((_, index) => syntheticDescriptor(index))];
  const closePipes = () => {
    for (const fd of [descriptors.launcher, ...inputs]) pipe(fd).destroy();
  };
  const policy = context.asRoot ? pipe(descriptors.policy) : null;
  policy?.on('error', () => {}); // a loader that is killed is noticed by its end of file
  if (policy !== null) undo.add('policy loader', () => endLoader(policy));
  const keeper = hasKeeper ? pipe(descriptors.keeper) : null;
  keeper?.on('error', () => {}); // a killed keeper only means that the scope is removed earlier
  const leaveScope = () => void keeper?.destroy();
  undo.add('scope and guard', leaveScope);
  undo.add('pipes', closePipes);
  for (const fd of inputs) pipe(fd).on('error', () => {}); // a bwrap that ends early is noticed by its life FIFO
  const gate = pipe(descriptors.launcher);
  const heard = receiveMessages(gate);
  const failed = starter.exited.then(({ code }) => {
    if (code !== 0) throw buildFailure(spec);
  });
  const unprepared = heard(terminalsFailed).then(() => {
    throw new PortwrapError('SANDBOX_FAILED', 'the terminals of the sandbox could not be mounted');
  });
  const unmounted = heard(imageFailed).then(() => {
    throw imageNotMounted();
  });
  const prepared = [heard(isPrepared), failed.then(() => heard(isPrepared)), unprepared, unmounted];
  await inTime(Promise.race(prepared)).catch((cause: unknown) => {
    const { scope } = context.cgroups;
    const isOther = cause instanceof PortwrapError && cause.code === 'LIMITS_UNAVAILABLE';
    throw scope === null || isOther ? cause : noScope(scope, cause);
  });
  const life = watchLiveness(openReader(lifeFifo(spec, around)));
  undo.add('liveness', () => life.close());
  const fifo = announceLife(spec, around);
  undo.add('sandbox', () => endSandbox(spec.directory, fifo, life, closePipes));
  // when setsid's first process has ended, bwrap's parent is init, and it survives the launcher
  if (spec.lifetime === 'detached') await starter.exited;

  const account = groupsAccount(context, spec);
  const mapped = account === null ? Promise.resolve() : mapWhenAsked(at(mapsFifo), account, undo);
  const ready = mapped.then(() => {
    if (account !== null) gate.write(mapsWritten);
    return heard(gateReady);
  });
  // secrets in these files are never on a disk: a pipe fills a file in the sandbox's own tmpfs
  for (const [index, { content }] of synthetic.entries()) pipe(syntheticDescriptor(index)).end(content);
  pipe(descriptors.args).end(bwrapArguments);
  const broken = life.gone.then(() => Promise.reject(buildFailure(spec)));
  const stuck = watchForDeadPaths(context, spec);
  try {
    await inTime(Promise.race([ready, broken, stuck.found, aborted(abort)]));
  } finally {
    stuck.close();
  }
  const child = findChild(spec.directory);
  if (child === null) throw buildFailure(spec);
  if (!context.asRoot) keeper?.write(isBuilt);
  if (context.cgroups.scope === null) keeper?.end();
  if (readOnlyRoot) refuseLateMount(spec, child, around.mountinfo);
  return {
    ...{ child, life, starter, policy, leaveScope },
    release: () => gate.end(startSignal),
    adopt: (pid) => {
      const closed = new Promise<void>((resolve) => gate.once('close', () => resolve()));
      gate.end(adoptSignal(pid));
      return closed;
    },
  };
}

/** The account whose groups are mapped; null: the launcher may not, or it has none. */
function groupsAccount(context: LaunchContext, { account }: SandboxSpec): Account | null {
  return context.asRoot && account?.listed ? account : null;
}

/** The complete argv: launch wrapper, account, bwrap, gate, command. It contains no secret. */
function startArgv(
  context: LaunchContext,
  spec: SandboxSpec,
  around: Surroundings,
  terminals: readonly TerminalMount[],
): string[] {
  const { tools } = context;
  const restricted = restrictsNamespaces();
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
      restrictPayload: restricted,
      openFiles: spec.limits.openFiles,
      sysctls: context.asRoot ? null : sysctlsOf(spec),
      umask: umaskOf(spec),
      restoreSignals:
        spec.lifetime === 'foreground'
          ? ignoredSignals.filter((signal) => !spec.ignoredSignals?.includes(signal))
          : [],
      init: spec.preload ? `/proc/self/fd/${initDescriptor(spec.files.synthetic)}` : null,
      lateEnvironment: environmentOf(context, spec).late,
    },
    spec.command,
  );
  const outside = {
    life: lifeFifo(spec, around),
    forwarder: join(spec.directory, fifos.forwarder),
    uplink: join(spec.directory, fifos.uplink),
    policyLog: context.asRoot ? join(spec.directory, policyLog) : null,
    maps: groupsAccount(context, spec) === null ? null : join(spec.directory, mapsFifo),
    keeper: context.cgroups.scope !== null,
    sysctls: sysctlsOf(spec),
    terminals,
    image: around.temporary?.image ?? null,
    detached: spec.lifetime === 'detached',
    // in the foreground it stays in the process group of the terminal or batch job, but bwrap ignores the signals that
    // are sent to the whole group: they must end the payload and not its monitor
    ignoredSignals: spec.lifetime === 'detached' ? [] : ignoredSignals,
  };
  const inner = wrapperArgv(tools, findWrapperProgram(), outside, [
    ...(spec.account === null ? [] : becomeArgv(tools('setpriv'), spec.account)),
    ...[tools('bwrap'), '--args', String(descriptors.args), '--'],
    ...gate,
  ]);
  const wrapper = inProfile(tools, inner, restricted);
  if (context.cgroups.scope === null) return wrapper;
  const unit = basename(spec.directory);
  const scope = { manager: context.cgroups.scope, unit, description: 'A sandbox of portwrap' };
  return scopeArgv(tools, scope, process.getuid?.() ?? 0, wrapper);
}

function umaskOf({ umask, lifetime }: SandboxSpec): string | null {
  return umask ?? (lifetime === 'foreground' ? null : payloadUmask);
}

function sysctlsOf({ guestPort, policy }: SandboxSpec): Sysctls {
  return { lowPorts: isLowPort(guestPort), routeLoopback: policy.dns };
}

/**
 * Where the wrapper makes the life FIFO. The directory of a foreground sandbox is gone while it runs; that of its
 * temporary files is not, and must show that they are in use.
 */
function lifeFifo(spec: SandboxSpec, { temporary }: Surroundings): string {
  return temporary !== null && spec.lifetime === 'foreground'
    ? join(temporary.path, parts.newLife)
    : join(spec.directory, fifos.life);
}

/** Lets a sweep of temporary files find the FIFO, now that it has a writer; returns its path from now on. */
function announceLife(spec: SandboxSpec, around: Surroundings): string {
  const path = lifeFifo(spec, around);
  if (around.temporary === null) return path;
  const announced = join(around.temporary.path, parts.life);
  if (spec.lifetime === 'foreground') renameSync(path, announced);
  else symlinkSync(path, announced);
  return announced;
}

function noScope(manager: ScopeManager, cause: unknown): PortwrapError {
  return new PortwrapError('LIMITS_UNAVAILABLE', `systemd (${manager}) created no scope for the sandbox`, {
    hint: 'See the message of systemd-run above, or remove the limits.',
    cause,
  });
}

/** The content of `--args`. `outside` is the number of words of the command line. Throws USAGE. */
function sandboxArgs(
  context: LaunchContext,
  spec: SandboxSpec,
  around: Surroundings,
  terminal: boolean,
  outside: number,
): string {
  const bwrapSpec = {
    files: spec.files,
    temporarySources: around.temporary?.sources ?? {},
    closed: cgroupsInside(around.place, cgroupMounts(around.mountinfo)),
    syntheticDescriptors: spec.files.synthetic.map((_, index) => syntheticDescriptor(index)),
    environment: environmentOf(context, spec).early,
    workingDirectory: spec.workingDirectory,
    identity: context.asRoot ? null : { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 },
    waitsForMaps: groupsAccount(context, spec) !== null,
    gateIsInit: Boolean(spec.preload),
    terminal,
    gateCapabilities: gateCapabilities(context, spec),
  };
  const args = bwrapArgs(bwrapSpec);
  checkAmount(bwrapSpec, args, outside);
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
 * Ends a partly built sandbox. Closing the launcher's pipe ends the gate; before that, the pid in bwrap's status file is
 * killed.
 */
async function endSandbox(
  directory: string,
  fifo: string,
  life: Liveness,
  closePipes: () => void,
): Promise<void> {
  closePipes();
  const child = findChild(directory);
  if (child !== null) signalProcess(child, 'SIGKILL');
  killStuckLater(fifo, life.gone);
  await withDeadline(life.gone, goneDeadline, () => new Error(`the sandbox in ${directory} did not end`));
}

/** Whoever launches tries again, for the mounts of the machine have changed. */
function refuseLateMount({ files }: SandboxSpec, child: ProcessIdentity, before: string): void {
  const point = lateMount(files, readMountinfo(child.pid), before);
  if (point === null) return;
  throw new PortwrapError('SANDBOX_FAILED', `${point} was mounted while the read-only sandbox was built`);
}

function buildFailure(spec: SandboxSpec): PortwrapError {
  return readStatus(spec.directory).exitCode === policyFailedExit
    ? new PortwrapError('POLICY_FAILED', 'nft could not load the network policy inside the sandbox')
    : new PortwrapError('SANDBOX_FAILED', 'bubblewrap could not build the sandbox');
}

/** Pid 1 of the sandbox, from bwrap's status file. */
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

/** Returns a function that settles when the given one-letter message was received on `stream`. */
function receiveMessages(stream: Readable): (letter: string) => Promise<void> {
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
