// A running sandbox: what is known about it, how to signal and stop it, how to find it again after a
// restart. Not here: how it is started (launch.ts).
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withDeadline } from './deadline.ts';
import { ownDescriptor } from './descriptor.ts';
import { fifos, hasWriter, type Liveness, openReader, watchLiveness } from './liveness.ts';
import { bootId, childrenOf, identify, type ProcessIdentity, signalProcess } from './process.ts';
import { readStatus, type SandboxExit, toExit } from './status.ts';

/** Everything that is needed to adopt a sandbox later; plain JSON, no secrets. */
export interface SandboxRecord {
  readonly directory: string;
  readonly bootId: string;
  /** Pid 1 of the sandbox, as the host sees it: its end is the end of every process inside. */
  readonly child: ProcessIdentity;
  readonly forwarder: ProcessIdentity;
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

export interface Sandbox {
  readonly record: SandboxRecord;
  /** Settles when no process of the sandbox is left. */
  readonly exited: Promise<SandboxExit>;
  /** Settles when the forwarder is gone: with its sandbox, or before it. */
  readonly forwarderGone: Promise<void>;
  /** Signals the payload. */
  signal(signal: NodeJS.Signals): void;
  /** Asks the payload to end; after `grace` milliseconds kills everything. Settles when all is gone. */
  stop(grace: number): Promise<SandboxExit>;
  /** Stops watching; the sandbox lives on, to be adopted. */
  leave(): void;
}

/** The sandbox of a record, or how it ended when it is gone. */
export function adoptSandbox(record: SandboxRecord): Sandbox | SandboxExit {
  if (record.bootId !== bootId()) return toExit(null);
  const reader = openFifo(record.directory, fifos.life);
  const forwarder = openFifo(record.directory, fifos.forwarder);
  if (reader === null || forwarder === null) return toExit(null);
  return watchSandbox(record, watchLiveness(reader), watchLiveness(forwarder), () =>
    toExit(readStatus(record.directory).exitCode),
  );
}

/** A handle on a sandbox whose life is watched by `life`; `learnExit` is asked once it has ended. */
export function watchSandbox(
  record: SandboxRecord,
  life: Liveness,
  forwarder: Liveness,
  learnExit: () => SandboxExit | Promise<SandboxExit>,
): Sandbox {
  // the forwarder ends by itself after the sandbox; only then the host port is free
  const exited = Promise.all([life.gone, forwarder.gone]).then(learnExit);
  const signal = (name: NodeJS.Signals) => signalPayload(record.child, name);
  return {
    record,
    exited,
    forwarderGone: forwarder.gone,
    signal,
    async stop(grace) {
      signal('SIGTERM');
      const timer = setTimeout(() => signalProcess(record.child, 'SIGKILL'), grace);
      return exited.finally(() => clearTimeout(timer));
    },
    leave() {
      life.close();
      forwarder.close();
    },
  };
}

/**
 * Ends whatever a directory belongs to, also a launch that was interrupted half-way, and removes it.
 * For recovery: it needs no record, only what bwrap wrote.
 */
export async function destroySandbox(directory: string): Promise<void> {
  const reader = openFifo(directory, fifos.life);
  if (reader !== null) {
    const life = watchLiveness(reader);
    const { childPid } = readStatus(directory);
    const child = childPid === null ? null : identify(childPid);
    // without a pid it is still being built, and ends at its gate, where nobody waits for it any more
    if (child !== null) signalProcess(child, 'SIGKILL');
    await withDeadline(life.gone, goneDeadline, () => new Error(`the sandbox in ${directory} did not end`));
  }
  await rm(directory, { recursive: true, force: true });
}

/** Milliseconds until a killed sandbox must be gone. */
const goneDeadline = 10_000;

/** Is somebody's sandbox alive in this directory? */
export function isSandboxAlive(directory: string): boolean {
  const fd = openFifo(directory, fifos.life);
  if (fd === null) return false;
  const reader = ownDescriptor(fd);
  const alive = hasWriter(fd);
  reader.close();
  return alive;
}

/** The payload is the only child of pid 1; pid 1 itself has no handlers and would ignore it. */
function signalPayload(child: ProcessIdentity, signal: NodeJS.Signals): void {
  if (identify(child.pid)?.startTime !== child.startTime) return;
  for (const pid of childrenOf(child.pid)) {
    const payload = identify(pid);
    if (payload !== null) signalProcess(payload, signal);
  }
}

function openFifo(directory: string, name: string): number | null {
  try {
    return openReader(join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
