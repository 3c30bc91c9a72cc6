// Liveness by FIFO: a process lives while it holds the writing end; end of file means that it has ended. Unlike a pid,
// a FIFO works after a restart of the watcher and cannot be reused. Not here: its holders (launch/launch.ts).
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { PortwrapError } from '../../config/errors.ts';
import { runTool } from './child.ts';
import type { Toolbox } from './tools.ts';

export interface Watch {
  /** Settles when the watched process has ended. */
  readonly gone: Promise<void>;
  /** Stops watching; `gone` then never settles. */
  close(): void;
}

export interface Liveness extends Watch {
  /** Whether a process holds the writing end now. */
  isHeld(): boolean;
  /** Opens another reading end, for a child to inherit; works also after the FIFO was unlinked. */
  openReader(): number;
}

/** The FIFOs in a sandbox's directory, named after the process whose end they report. */
export const fifos = { life: 'life.fifo', forwarder: 'forwarder.fifo', uplink: 'uplink.fifo' } as const;

/** Creates FIFOs that only this account can open. Node has no call for mkfifo(3). */
export async function makeFifos(tools: Toolbox, paths: readonly string[]): Promise<void> {
  const run = await runTool(tools('mkfifo'), ['-m', '600', ...paths]);
  if (run.code !== 0) throw new PortwrapError('SANDBOX_FAILED', `mkfifo failed: ${run.output}`);
}

/** Opens the reading end; this neither blocks nor requires a writer. */
export function openReader(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Opens the writing end for a child to inherit. Needs an open reader, else fails with ENXIO. */
export function openWriter(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}

/** Whether a process holds the writing end now. Bytes in the FIFO have no meaning (a payload may write some). */
export function hasWriter(reader: number): boolean {
  const waste = Buffer.alloc(4096);
  try {
    // bounded: a payload that keeps writing keeps a writer open, so it is alive
    for (let round = 0; round < 64; round += 1) if (readSync(reader, waste) === 0) return false;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true;
    throw error;
  }
}

/** Milliseconds without reading after bytes were read, which are at most 64 KB: a pipe's capacity. */
const floodPause = 100;

/** Watches the reading end `reader`, and takes ownership of it. */
export function watchLiveness(reader: number): Liveness {
  // epoll reports nothing for a FIFO whose writers had ended before it was opened, so check once before
  if (!hasWriter(reader)) {
    closeSync(reader);
    const isGone = () => {
      throw new Error('its writer is gone');
    };
    return { gone: Promise.resolve(), isHeld: () => false, openReader: isGone, close() {} };
  }
  const socket = new Socket({ fd: reader, readable: true, writable: false });
  const gone = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('error', () => resolve());
  });
  let ended = false;
  gone.then(() => {
    ended = true;
    socket.destroy();
  });
  // whoever debugs pid 1 of a sandbox, as its payload may, can write: without a pause that would keep this process busy
  let pause: NodeJS.Timeout | undefined;
  socket.on('data', () => {
    socket.pause();
    pause = setTimeout(() => socket.resume(), floodPause);
  });
  const open = () => openReader(`/proc/self/fd/${reader}`);
  const isHeld = () => {
    if (ended) return false;
    const probe = open();
    try {
      return hasWriter(probe);
    } finally {
      closeSync(probe);
    }
  };
  const close = () => {
    ended = true;
    clearTimeout(pause);
    socket.removeAllListeners('end').destroy();
  };
  return { gone, isHeld, openReader: open, close };
}
