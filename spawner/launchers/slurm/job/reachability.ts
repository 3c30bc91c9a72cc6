// Checks that a server on a node is reachable from here. Its job has checked that it responds on the node; this check
// covers the network between. Not here: the requested path (launchers/slurm/launcher.ts).
import { setTimeout as pause } from 'node:timers/promises';
import { PortwrapError } from '../../../../config/errors.ts';
import { answersOnce } from '../../../../portwrap/index.ts';
import type { Address } from './job.ts';

/** Milliseconds between two requests: fewer requests until its job reports that it responds on the node. */
const paceBefore = 2_000;
const paceAfter = 200;
/** Milliseconds from that report until it must respond here. */
const patience = 20_000;

/** Settles when it responds at `path`. Rejects with NODE_UNREACHABLE, or the reason of `abort`. */
export async function answersHere(
  { host, port }: Address,
  path: string,
  ready: Promise<void>,
  abort: AbortSignal,
): Promise<void> {
  let since: number | null = null;
  const told = ready.then(() => {
    since ??= Date.now();
  });
  for (;;) {
    if (await answersOnce({ host, port, path, certificate: null }, abort)) return;
    abort.throwIfAborted();
    if (since !== null && Date.now() - since > patience) throw unreachable(host, port);
    const rest = pause(since === null ? paceBefore : paceAfter, undefined, { signal: abort });
    rest.catch(() => {});
    await (since === null ? Promise.race([rest, told]) : rest).catch(() => abort.throwIfAborted());
  }
}

function unreachable(host: string, port: number): PortwrapError {
  return new PortwrapError(
    'NODE_UNREACHABLE',
    `the server responds on its node, but the service cannot reach ${host}:${port}`,
  );
}
