// Does a server on a node answer from here? Its job has seen that it answers there; what lies between is what this
// is about. Not here: what it is asked for (launchers/slurm/launcher.ts).
import { setTimeout as pause } from 'node:timers/promises';
import { PortwrapError } from '../../../../config/errors.ts';
import { answersOnce } from '../../../../portwrap/index.ts';
import type { Address } from './job.ts';

/** Milliseconds between two requests: fewer until its job reports that it responds on the node. */
const paceBefore = 2_000;
const paceAfter = 200;
/** Milliseconds from that word until it must answer here. */
const patience = 20_000;

/** Settles when it answers `path`. Rejects with NODE_UNREACHABLE, or the reason of `abort`. */
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
