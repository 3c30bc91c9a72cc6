// A running sandbox: its record, signalling and stopping it, adopting it after a restart.
// Not here: starting it (launch/launch.ts).
import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readUsage, removeCgroup, type Usage } from '../cgroups/cgroup.ts';
import { readCgroupPlace } from '../cgroups/place.ts';
import type { Attached } from '../network/uplink.ts';
import { withDeadline } from '../system/deadline.ts';
import { ownDescriptor } from '../system/descriptor.ts';
import { fifos, hasWriter, type Liveness, openReader, watchLiveness } from '../system/liveness.ts';
import {
  bootId,
  childrenOf,
  gone,
  identify,
  isAlive,
  monitorOf,
  type ProcessIdentity,
  signalProcess,
} from '../system/process.ts';
import type { Toolbox } from '../system/tools.ts';
import { removeTemporaryOf } from '../temporary/removal.ts';
import { attachForwarderAgain, attachUplinkAgain } from './attach-again.ts';
import type { SandboxContext } from './context.ts';
import { type KeptProgram, keepProgram } from './keep-program.ts';
import type { SandboxRecord } from './record.ts';
import { awaitExitCode, type PayloadExit, readStatus, toExit } from './status.ts';
import { killStuckLater } from './stuck.ts';

export interface SandboxExit extends PayloadExit {
  /** Whether the kernel killed one of its processes because it ran out of memory. */
  readonly outOfMemory: boolean;
}

export interface Sandbox {
  readonly record: SandboxRecord;
  /** Settles when no process of the sandbox is left. */
  readonly exited: Promise<SandboxExit>;
  /** Settles when the forwarder is permanently gone: with its sandbox, or when a lost one could not be replaced. */
  readonly forwarderGone: Promise<void>;
  /** Its current resource usage; null without accounting. */
  usage(): Usage | null;
  /** Signals the payload. */
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM to the payload; after `grace` milliseconds kills everything. Settles when every process is gone. */
  stop(grace: number): Promise<SandboxExit>;
  /** Stops watching; the sandbox keeps running and can be adopted. */
  leave(): void;
}

/** The state of the sandbox of a record. */
export type AdoptedSandbox =
  | { readonly kind: 'running'; readonly sandbox: Sandbox }
  | { readonly kind: 'gone'; readonly exit: SandboxExit };

/** Adopts the sandbox of a record. If it ended unwatched, the way it ended is unknown. */
export function adoptSandbox(context: SandboxContext, record: SandboxRecord): AdoptedSandbox {
  const endedUnseen = { kind: 'gone', exit: { ...toExit(null), outOfMemory: false } } as const;
  if (record.bootId !== bootId()) return endedUnseen;
  const reader = openFifo(record.directory, fifos.life);
  const forwarder = openFifo(record.directory, fifos.forwarder);
  const uplink = record.uplink === null ? null : openFifo(record.directory, fifos.uplink);
  if (reader === null || forwarder === null || (record.uplink !== null && uplink === null)) {
    for (const fd of [reader, forwarder, uplink]) if (fd !== null) closeSync(fd);
    return endedUnseen;
  }
  const programs = {
    forwarder: { process: record.forwarder, liveness: watchLiveness(forwarder) },
    uplink:
      record.uplink === null || uplink === null
        ? null
        : { process: record.uplink, liveness: watchLiveness(uplink) },
  };
  const learnExit = async () => {
    void removeTemporaryOf(context.tools, record.directory);
    return toExit(await awaitExitCode(record.directory));
  };
  const sandbox = watchSandbox(context, record, watchLiveness(reader), programs, learnExit);
  return { kind: 'running', sandbox };
}

type Watched = Pick<Attached, 'process' | 'liveness'>;

/** The programs that are attached to a sandbox. */
export interface AttachedPrograms {
  readonly forwarder: Watched;
  readonly uplink: Watched | null;
}

/**
 * A handle on a sandbox whose life is watched by `life`. `learnExit` is called once it has ended, `leaveScope` after
 * the last read from its control group.
 */
export function watchSandbox(
  context: SandboxContext,
  record: SandboxRecord,
  life: Liveness,
  programs: AttachedPrograms,
  learnExit: () => PayloadExit | Promise<PayloadExit>,
  leaveScope: () => void = () => {},
): Sandbox {
  const forwarder = keepProgram({
    first: programs.forwarder,
    sandboxLife: life,
    attachAgain: () => attachForwarderAgain(context, record, life),
    report: async (event) => context.report?.({ ...event, program: 'forwarder' }),
  });
  const uplink =
    programs.uplink === null
      ? null
      : keepProgram({
          first: programs.uplink,
          sandboxLife: life,
          attachAgain: () => attachUplinkAgain(context, record, life),
          report: async (event) => context.report?.({ ...event, program: 'uplink' }),
        });
  const kept: readonly KeptProgram[] = [forwarder, ...(uplink === null ? [] : [uplink])];
  // they end by themselves after the sandbox; only then is the host port free
  const exited = Promise.all([life.gone, ...kept.map(({ gone }) => gone)]).then(() => describe());
  const describe = async (): Promise<SandboxExit> => {
    const exit = await learnExit();
    const outOfMemory = (usage()?.outOfMemoryKills ?? 0) > 0;
    // a group that cannot be removed (its file system is read-only now) is empty, and does not delay the end
    if (record.cgroup !== null) await removeCgroup(record.cgroup).catch(() => {});
    leaveScope();
    return { ...exit, outOfMemory };
  };
  /** A process outside may hold a descriptor of the life FIFO, so after a kill the pid decides. */
  const killNow = async (): Promise<SandboxExit> => {
    signalProcess(record.child, 'SIGKILL');
    await gone(record.child);
    const told = await Promise.race([exited, pause(lastHold)]);
    if (told !== undefined) return told;
    for (const program of kept) {
      program.close();
      signalProcess(program.process, 'SIGKILL');
      await gone(program.process);
    }
    return describe();
  };
  const usage = () => (record.cgroup === null ? null : readUsage(record.cgroup));
  const signal = (name: NodeJS.Signals) => signalPayload(record.child, name);
  return {
    get record() {
      return { ...record, forwarder: forwarder.process, uplink: uplink?.process ?? null };
    },
    exited,
    forwarderGone: forwarder.gone,
    usage,
    signal,
    async stop(grace) {
      signal('SIGTERM');
      let timer: NodeJS.Timeout | undefined;
      const killed = new Promise<SandboxExit>((resolve, reject) => {
        timer = setTimeout(() => killNow().then(resolve, reject), grace);
      });
      return Promise.race([exited, killed]).finally(() => clearTimeout(timer));
    },
    leave() {
      life.close();
      for (const program of kept) program.close();
    },
  };
}

/**
 * Ends the sandbox of a directory, also one whose launch was interrupted, and removes the directory.
 * For recovery: it needs no record, only bwrap's status file.
 */
export async function destroySandbox(tools: Toolbox, directory: string): Promise<void> {
  const reader = openFifo(directory, fifos.life);
  if (reader !== null) {
    const life = watchLiveness(reader);
    const { childPid } = readStatus(directory);
    const child = childPid === null ? null : identify(childPid);
    const monitor = child === null ? null : monitorOf(child);
    // without a pid it is still being built, and ends at its gate, since its launcher has ended
    if (child !== null) signalProcess(child, 'SIGKILL');
    killStuckLater(join(directory, fifos.life), life.gone);
    const ended =
      child === null ? life.gone : Promise.race([life.gone, gone(child).then(() => pause(lastHold))]);
    // the monitor ends after its child, when it has written the exit code
    const all = ended.then(() => (monitor === null ? undefined : gone(monitor)));
    await withDeadline(all, goneDeadline, () => new Error(`the sandbox in ${directory} did not end`));
    life.close();
  }
  // they end by themselves after the sandbox; only then is the host port free
  for (const program of ['forwarder', 'uplink'] as const) {
    const fifo = openFifo(directory, fifos[program]);
    if (fifo === null) continue;
    const watched = watchLiveness(fifo);
    killStuckLater(join(directory, fifos[program]), watched.gone, 'network');
    await withDeadline(
      watched.gone,
      goneDeadline,
      () => new Error(`the ${program} of ${directory} did not end`),
    );
  }
  const cgroup = readCgroupPlace(directory);
  if (cgroup !== null) await removeCgroup(cgroup).catch(() => {});
  await removeSandboxFiles(tools, directory);
}

/** Removes the directory of a sandbox that has ended. Its temporary files may be large, and are not waited for. */
export async function removeSandboxFiles(tools: Toolbox, directory: string): Promise<void> {
  void removeTemporaryOf(tools, directory);
  await rm(directory, { recursive: true, force: true });
}

/** Milliseconds until the FIFO of a killed sandbox must have ended; otherwise a process outside holds it. */
const lastHold = 1_000;

/** Milliseconds until a killed sandbox must be gone. */
const goneDeadline = 10_000;

/** Whether a sandbox is alive in this directory. */
export function isSandboxAlive(directory: string): boolean {
  const fd = openFifo(directory, fifos.life);
  if (fd === null) return false;
  const reader = ownDescriptor(fd);
  const alive = hasWriter(fd);
  reader.close();
  return alive;
}

/**
 * The payload is the first child of pid 1; the later children are daemons that pid 1 has adopted. Pid 1 itself has no
 * handlers and would ignore the signal.
 */
function signalPayload(child: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(child)) return;
  const [first] = childrenOf(child.pid);
  const payload = first === undefined ? null : identify(first);
  if (payload !== null) signalProcess(payload, signal);
}

function openFifo(directory: string, name: string): number | null {
  try {
    return openReader(join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
