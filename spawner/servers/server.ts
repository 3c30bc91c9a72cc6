// One server of one spawn id, from its start until nothing of it is left. Not here: all servers (servers.ts), the
// stages of a life (start-server.ts, end-server.ts).
import { type PortwrapError, toPortwrapError } from '../../config/errors.ts';
import { aborted, type SandboxExit } from '../../portwrap/index.ts';
import type { PhaseTimes } from '../records/meter.ts';
import type { ProgressLog } from '../records/progress.ts';
import type { ServerRecord } from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';
import { endServer } from './end-server.ts';
import { stopped } from './exit-reason.ts';
import { change, createLife, type Life, note, type ServerParts, type ServerTask } from './life.ts';
import { startServer } from './start-server.ts';

export interface Server {
  readonly record: ServerRecord;
  readonly progress: ProgressLog;
  /** Does its forward hold its host port? If not, another program may answer there. */
  readonly isReachable: boolean;
  /** What is over of its start. */
  readonly phases: PhaseTimes;
  /** Settles when its record is on disk: from then on it survives a restart of the service. */
  readonly recorded: Promise<void>;
  /** Settles when no process, port, route or sandbox file of it is left. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends it, also half-way through its start; `now` kills without asking, or ends the asking. */
  stop(now: boolean, reason?: PortwrapError): Promise<void>;
  /** Stops watching, for a service that ends: the server lives on. */
  leave(): void;
}

export function runServer(parts: ServerParts, task: ServerTask): Server {
  const life = createLife(parts, task);
  const { log, progress, cancel } = life;
  let left = false;
  const recorded = life.isAdopted ? Promise.resolve() : change(life, {});
  const ended = live(life, recorded)
    .catch((error: unknown) => toPortwrapError(error))
    .then((outcome) => (left ? undefined : endServer(life, outcome)))
    .catch((error: unknown) => log.error({ err: error }, 'internal error while ending the server'))
    .finally(() => life.leaveQueue());
  return {
    get record() {
      return life.record;
    },
    get isReachable() {
      return life.forward.isUp;
    },
    get phases() {
      return life.phases;
    },
    ...{ progress, recorded, ended },
    stop(now, reason = stopped(life)) {
      if (!isAlive(life.record.state)) return ended;
      if (now) life.grace = 0;
      if (now && life.isEnding) void life.running?.stop(0);
      if (!cancel.signal.aborted) void note(life, { state: 'stopping' });
      cancel.abort(reason);
      return ended;
    },
    leave() {
      left = true;
      life.running?.leave();
    },
  };
}

/** Until it ends by itself, is lost or is stopped. Throws why it is to be ended. */
async function live(life: Life, recorded: Promise<void>): Promise<SandboxExit> {
  const found = await startServer(life, recorded);
  if (found.kind === 'gone') return found.exit;
  const { exited, lost } = found.server;
  return Promise.race([exited, lost, aborted(life.cancel.signal)]);
}
