// The life of one server against a model: whatever happens in whatever order, it follows the table of states, ends
// when it is told to or dies, and gives everything back.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { createLogger } from '../../../../config/logger.ts';
import type { SandboxExit } from '../../../../portwrap/index.ts';
import { noAudit } from '../../../../spawner/audit/audit.ts';
import type { Launcher, LaunchRequest, RunningServer } from '../../../../spawner/launchers/launcher.ts';
import { noMeter } from '../../../../spawner/records/meter.ts';
import { noPlacement, type ServerRecord } from '../../../../spawner/records/record.ts';
import {
  follow,
  type ServerState,
  serverState,
  transitions,
} from '../../../../spawner/records/server-state.ts';
import { noPortRoutes } from '../../../../spawner/routes/ports/port-routes.ts';
import type { ServerParts, ServerTask } from '../../../../spawner/servers/life.ts';
import { runServer } from '../../../../spawner/servers/server.ts';

const events = ['turn', 'built', 'buildFails', 'answers', 'dies', 'stop', 'stopNow'] as const;
type Event = (typeof events)[number];

test('whatever happens in whatever order, the states follow the table and everything is given back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...events), { maxLength: 10 }), async (happening) => {
      const world = createWorld();
      const model = createModel();
      for (const event of happening) {
        world.happen(event);
        model.happen(event);
        await settle();
        expect(visible(world.server.record.state)).toBe(model.state());
      }
      world.happen('stopNow');
      await world.server.ended;
      expect(world.server.record.state).toBe('exited');
      expect(world.held()).toEqual({ routes: 0, places: 0, sandboxes: 0 });
      for (const [index, to] of world.written.entries()) {
        const from = world.written[index - 1] ?? 'starting';
        expect(from === to || transitions[from].includes(to), `${from} to ${to}`).toBe(true);
      }
      expect(world.written.at(-1)).toBe('exited');
    }),
    { numRuns: 300 },
  );
});

test('who has ended has no route at once, and what else ended it may come out later', async () => {
  const reason = new PortwrapError('JOB_OUT_OF_MEMORY', 'it used more memory than it had asked for');
  let routesAtStop: number | undefined;
  const world = createWorld(({ routes }) => {
    routesAtStop = routes;
    return reason;
  });
  for (const event of ['turn', 'built', 'answers'] as const) {
    world.happen(event);
    await settle();
  }
  expect(world.held().routes).toBe(1);
  world.happen('dies');
  await world.server.ended;
  expect(routesAtStop).toBe(0);
  expect(world.server.record.error).toMatchObject({ code: 'JOB_OUT_OF_MEMORY' });
  expect(world.server.record.exit?.reason).toBe(reason.message);
});

test.each([1, 2])(
  'a stop that fails %i times ends in a kill or a complaint, never in a server that hangs',
  async (times) => {
    let left = times;
    const world = createWorld(() => {
      left -= 1;
      if (left >= 0) throw new Error('not today');
      return null;
    });
    for (const event of ['turn', 'built', 'answers', 'stop'] as const) {
      world.happen(event);
      await settle();
    }
    await world.server.ended;
    expect(world.server.record.state).toBe('exited');
    expect(world.server.record.exit?.code ?? null).toBe(times === 1 ? 143 : null);
    expect(world.held()).toEqual({ routes: 0, places: 0, sandboxes: 0 });
  },
);

test('the request is let go of when its server runs: it holds secrets', async () => {
  let request: LaunchRequest | null = {} as LaunchRequest;
  const held = new WeakRef(request);
  const world = createWorld(undefined, request);
  request = null;
  for (const event of ['turn', 'built', 'answers'] as const) {
    world.happen(event);
    await settle();
  }
  expect(world.server.record.state).toBe('ready');
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  expect(held.deref()).toBeUndefined();
});

test('a change that is not in the table is a defect, not a silent one', () => {
  const pairs = serverState.options.flatMap((from) => serverState.options.map((to) => [from, to] as const));
  for (const [from, to] of pairs) {
    if (from === to || transitions[from].includes(to)) expect(follow(from, to)).toBe(to);
    else expect(() => follow(from, to)).toThrow(`from ${from} to ${to}`);
  }
});

test('once exited, nothing follows', () => {
  expect(transitions.exited).toEqual([]);
});

/** What a hub would be told, reduced to what is certain: a server that is being ended may be gone already. */
function visible(state: ServerState): string {
  return state === 'stopping' || state === 'exited' ? 'ending' : state;
}

/** The life as a person would tell it. */
function createModel() {
  let has = { turn: false, sandbox: false, answered: false };
  let over = false;
  return {
    happen(event: Event) {
      if (over) return;
      if (event === 'turn') has = { ...has, turn: true };
      if (event === 'built' && has.turn) has = { ...has, sandbox: true };
      if (event === 'answers' && has.sandbox) has = { ...has, answered: true };
      if (event === 'buildFails' && has.turn && !has.sandbox) over = true;
      if (event === 'dies' && has.sandbox) over = true;
      if (event === 'stop' || event === 'stopNow') over = true;
    },
    state: () => (over ? 'ending' : has.answered ? 'ready' : 'starting'),
  };
}

interface Held {
  routes: number;
  places: number;
  sandboxes: number;
}

/** The real server among parts that do what the test says. `onStop`: tells what has ended it, when it is stopped. */
function createWorld(
  onStop: (held: Held) => PortwrapError | null = () => null,
  launch = {} as LaunchRequest, // the launcher here reads nothing of it
) {
  const held: Held = { routes: 0, places: 0, sandboxes: 0 };
  let verdict: PortwrapError | null = null;
  const note = (what: keyof typeof held, count: number) => {
    held[what] = count;
  };
  const written: ServerState[] = [];
  const turn = createGate<() => void>();
  const built = createGate<RunningServer>();
  const answer = createGate<void>();
  const exit = createGate<SandboxExit>();
  const running: RunningServer = {
    place: noPlacement,
    ...{ host: '127.0.0.1', port: 20_000 },
    exited: exit.settled,
    get verdict() {
      return verdict;
    },
    lost: new Promise(() => {}),
    answered: (_expected, abort) => orAborted(answer.settled, abort),
    async stop() {
      verdict = onStop(held);
      exit.resolve({ code: 143, signal: 'SIGTERM', outOfMemory: false });
      return exit.settled;
    },
    leave() {},
  };
  const parts: ServerParts = {
    records: {
      load: async () => ({ sound: [], damaged: [] }),
      save: async ({ state }) => void written.push(state),
      remove: async () => {},
      catchUp: async () => 0,
    },
    routes: {
      add: async () => note('routes', held.routes + 1),
      addBeside: async () => {},
      remove: async () => note('routes', 0),
      suspend: async () => {},
      dropStale: async () => {},
      table: async () => ({}),
      lastActivity: () => null,
      close() {},
    },
    portRoutes: noPortRoutes,
    portsPage: () => null,
    queue: { enter: (abort) => orAborted(turn.settled, abort), waiting: 0, starting: 0 },
    tokens: { forget() {} },
    state: { path: '/no/state', logs: '/no/state/logs' },
    meter: noMeter,
    audit: noAudit,
    log: createLogger('silent', 'test'),
  };
  const launcher: Launcher = {
    givesCertificates: true,
    start: (_launch, abort) => orAborted(built.settled, abort),
    adopt: async () => {
      throw new Error('it is started, not adopted');
    },
    clean: async () => note('sandboxes', 0),
  };
  const task: ServerTask = {
    ...{ record: firstRecord, launcher },
    launch,
    timeouts: { ready_timeout: 600, stop_timeout: 600 },
  };
  const server = runServer(parts, task);
  let hasTurn = false;
  let hasSandbox = false;
  const steps: Record<Event, () => void> = {
    turn() {
      if (hasTurn || server.record.state !== 'starting') return;
      hasTurn = true;
      held.places = 1;
      turn.resolve(() => note('places', 0));
    },
    built() {
      if (!hasTurn || hasSandbox || server.record.state !== 'starting') return;
      hasSandbox = true;
      held.sandboxes = 1;
      built.resolve(running);
    },
    buildFails() {
      if (hasTurn && !hasSandbox) built.reject(new Error('no'));
    },
    answers() {
      if (hasSandbox) answer.resolve();
    },
    dies() {
      if (hasSandbox) exit.resolve({ code: 1, signal: null, outOfMemory: false });
    },
    stop: () => void server.stop(false),
    stopNow: () => void server.stop(true),
  };
  return { server, written, held: () => held, happen: (event: Event) => steps[event]() };
}

function createGate<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const settled = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  settled.catch(() => {});
  return { settled, resolve, reject };
}

function orAborted<T>(work: Promise<T>, abort: AbortSignal): Promise<T> {
  const broken = new Promise<never>((_, reject) => {
    if (abort.aborted) reject(abort.reason);
    abort.addEventListener('abort', () => reject(abort.reason), { once: true });
  });
  return Promise.race([work, broken]);
}

/** Lets everything that can happen now happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const firstRecord: ServerRecord = {
  id: 'abcdefabcdef',
  hub: 'hub',
  user: 'ann',
  name: '',
  spawn_id: 'spawn-id',
  request_digest: '',
  profile: 'default',
  route_prefix: '/user/ann/',
  route_host: null,
  ready_path: '/',
  certificate: null,
  state: 'starting',
  started: '2026-01-01T00:00:00.000Z',
  phases: {},
  launcher: 'local',
  ...noPlacement,
  queue_timeout: null,
  gpus: [],
  settings: [],
  limits: { memory: null, cpus: null },
  after_end: null,
  exit: null,
  error: null,
};
