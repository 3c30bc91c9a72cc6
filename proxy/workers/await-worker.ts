// Waits for a message of a worker, or for its exit.
// Not here: acting on it (primary.ts).
import type { Worker } from 'node:cluster';
import type { FromWorker, ToWorker } from './messages.ts';

export function messageOf<Kind extends FromWorker['kind']>(
  worker: Worker,
  kind: Kind,
): Promise<Extract<FromWorker, { kind: Kind }>> {
  return new Promise((resolve) => {
    const listen = (message: FromWorker): void => {
      if (message.kind !== kind) return;
      worker.off('message', listen);
      resolve(message as Extract<FromWorker, { kind: Kind }>);
    };
    worker.on('message', listen);
  });
}

export function exitOf(worker: Worker): Promise<undefined> {
  return new Promise((resolve) => {
    if (worker.isDead()) resolve(undefined);
    else worker.once('exit', () => resolve(undefined));
  });
}

/** Asks the worker to leave; resolves when its last connection has closed, or when it exits. */
export async function hasLeft(worker: Worker): Promise<void> {
  const left = messageOf(worker, 'drained');
  if (worker.isConnected()) worker.send({ kind: 'leave' } satisfies ToWorker);
  const deadline = setTimeout(() => worker.process.kill('SIGKILL'), leaveTime).unref();
  await Promise.race([left, exitOf(worker)]);
  clearTimeout(deadline);
}

/** Milliseconds that a replaced worker may keep its open connections. */
const leaveTime = 3_600_000;
