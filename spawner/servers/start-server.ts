// The first half of a server's life: its turn in the start queue, its launch or adoption, its readiness and its route.
// Not here: how it ends (end-server.ts), what runs it (launchers/).
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { PortwrapError } from '../../config/errors.ts';
import { type NetworkEvent, whyUnreachable } from '../../portwrap/index.ts';
import type { AdoptedServer, LaunchSteps, RunningServer } from '../launchers/launcher.ts';
import { isBelow, storageFailure } from '../system/storage-failure.ts';
import { describeExit, notReady, stopped, urlOf } from './exit-reason.ts';
import { change, type Life, note } from './life.ts';
import { addRoute, networkChanged } from './server-route.ts';
import { createStopwatch } from './stopwatch.ts';

/** Starts or adopts it. Throws what went wrong, or why it was cancelled; it may run nevertheless (`life.running`). */
export async function startServer(life: Life, recorded: Promise<void>): Promise<AdoptedServer> {
  const watch = createStopwatch(life.parts.meter, (lap) => {
    if (life.record.state === 'starting') life.phases = { ...life.phases, ...lap };
  });
  await recorded; // on disk before anything of it exists
  await waitForTurn(life);
  watch.lap('queue');
  const found = await obtain(life);
  if (found.kind === 'gone') return found;
  const { server } = found;
  life.running = server;
  if (!isDeepStrictEqual({ ...life.record, ...server.place }, life.record)) await change(life, server.place);
  watch.lap('sandbox');
  const isStarting = life.record.state === 'starting';
  if (isStarting) await becomeReady(life, server);
  watch.lap('answer');
  if (life.record.state === 'stopping')
    life.cancel.abort(stopped(life)); // a stop that a restart interrupted
  else await addRoute(life);
  if (isStarting && !life.cancel.signal.aborted) {
    watch.lap('route');
    await note(life, { state: 'ready', phases: life.phases });
    life.wasReady = true;
    watch.total();
    announce(life, server);
  }
  life.leaveQueue();
  return found;
}

/** What runs already needs no turn. */
async function waitForTurn(life: Life): Promise<void> {
  const { isAdopted, parts, cancel, progress } = life;
  if (isAdopted) return;
  life.leaveQueue = await parts.queue.enter(cancel.signal, (before) =>
    progress.add({ progress: 0, message: `Waiting in the start queue; starts ahead: ${before}` }),
  );
}

async function obtain(life: Life): Promise<AdoptedServer> {
  const { launch, launcher, record, cancel, progress, parts } = life;
  life.launch = null;
  const steps = {
    report: progress.add,
    keep: (place: Parameters<LaunchSteps['keep']>[0]) => change(life, place),
    leaveQueue: () => life.leaveQueue(),
    networkChanged: (event: NetworkEvent) => networkChanged(life, event),
  };
  try {
    if (launch === null) return await launcher.adopt(record, cancel.signal, steps);
    return { kind: 'running', server: await launcher.start(launch, cancel.signal, steps) };
  } catch (cause) {
    // any failed system call below the state directory is a storage failure
    const { path } = parts.state;
    if (!isBelow(cause, path)) throw cause;
    throw storageFailure(cause, 'the files of the server could not be created', path);
  }
}

/** The answer is raced against the server's death and a deadline. */
async function becomeReady(life: Life, server: RunningServer) {
  const { record, cancel, progress, readyTimeout } = life;
  progress.add({ progress: 50, message: 'The sandbox runs; waiting for the server to respond' });
  const settled = new AbortController();
  const answer = answered(life, server, AbortSignal.any([settled.signal, cancel.signal]));
  const died = server.exited.then((exit) => {
    throw new PortwrapError('SERVER_DIED', `the server ended before it was ready: ${describeExit(exit)}`);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notReady(record, readyTimeout / 1000, causeOf(server))), readyTimeout);
  });
  try {
    await Promise.race([answer, died, late]);
  } finally {
    clearTimeout(timer);
    settled.abort();
    answer.catch(() => {}); // the race may have been lost before it is told
  }
}

/** By the server itself: what answers on the port while the forward is lost is another program. */
async function answered({ record, forward }: Life, server: RunningServer, abort: AbortSignal): Promise<void> {
  for (;;) {
    await forward.up();
    const { losses } = forward;
    await server.answered(record, abort);
    if (forward.losses === losses) return;
  }
}

function causeOf({ place: { sandbox } }: RunningServer): string | null {
  return sandbox === null ? null : whyUnreachable(sandbox);
}

function announce({ record, log, progress, parts }: Life, server: RunningServer): void {
  const { host, port, place } = server;
  const { hub, user, name, spawn_id, profile } = record;
  const pid = place.sandbox?.child.pid ?? null;
  const placed = { host, port, uid: pid === null ? null : ownerOf(pid), pid, job: place.job?.id ?? null };
  parts.audit.record({ event: 'ready', hub, user, name, spawn_id, profile, ...placed });
  log.info({ host, port }, 'ready');
  const page = parts.portsPage(record);
  const found = page === null ? {} : { ports_page: page };
  progress.add({ progress: 100, ready: true, message: 'Ready', url: urlOf(record, server), ...found });
}

/** The account that a process runs as; null: it is gone. */
function ownerOf(pid: number): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null;
}
