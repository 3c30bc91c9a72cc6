// One job among scripted looks and reports: how each end is told apart, and that what is unknown ends nothing.
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../../config/errors.ts';
import type { Report } from '../../../../../portwrap/index.ts';
import { createJobEnding } from '../../../../../spawner/launchers/slurm/job/end-job.ts';
import { type Job, type JobInput, watchJob } from '../../../../../spawner/launchers/slurm/job/job.ts';
import type { HandleReport } from '../../../../../spawner/launchers/slurm/reports/reports.ts';
import type { QueueObservation } from '../../../../../spawner/launchers/slurm/scheduler/queue-watch.ts';
import type { Accounted } from '../../../../../spawner/launchers/slurm/scheduler/sacct.ts';
import type { QueueEntry } from '../../../../../spawner/launchers/slurm/scheduler/squeue.ts';
import type { JobPlacement } from '../../../../../spawner/records/record.ts';

const address = { host: '10.1.0.5', port: 20_001 };
const submitted = 1_795_472_176;
const started: Report = {
  ...{ event: 'started', job: '7', restarts: 0, node: 'n1', ...address },
  ...{ pid: 4, start_time: 5, clock: 6 },
};
const ended = (fields: Partial<Extract<Report, { event: 'ended' }>> = {}): Report => ({
  ...{ event: 'ended', code: 0, signal: null, out_of_memory: false, asked: false },
  ...fields,
});

test.each([
  ['CANCELLED', 'JOB_CANCELLED'],
  ['TIMEOUT', 'JOB_TIME_LIMIT'],
  ['DEADLINE', 'JOB_TIME_LIMIT'],
  ['OUT_OF_MEMORY', 'JOB_OUT_OF_MEMORY'],
  ['NODE_FAIL', 'JOB_NODE_FAILED'],
  ['BOOT_FAIL', 'JOB_NODE_FAILED'],
  ['PREEMPTED', 'JOB_PREEMPTED'],
  ['REVOKED', 'JOB_CANCELLED'],
])(
  'a server that ends as %s is told as %s, also when its job had told an end of its own',
  async (state, code) => {
    const killed = ended({ code: 137, signal: 'SIGKILL' });
    for (const reports of [[started], [started, ended({ code: 143, asked: true })], [started, killed]]) {
      const world = createWorld();
      for (const report of reports) world.report(report);
      expect(await world.isOver()).toBe(reports.length > 1); // by its own word, without the reason
      expect(world.job.verdict).toBeNull();
      world.look(entry(state));
      if (reports.length === 1) await expect(world.job.ended).rejects.toMatchObject({ code });
      await world.job.gone;
      expect(world.job.verdict).toMatchObject({ code });
      expect(world.job.exit.outOfMemory).toBe(state === 'OUT_OF_MEMORY');
    }
  },
);

test.each([
  ['RUNNING'],
  ['SUSPENDED'],
  ['STOPPED'],
  ['COMPLETING'],
  ['CONFIGURING'],
  ['RESIZING'],
  ['A_STATE_OF_TOMORROW'],
])('%s ends nothing', async (state) => {
  const world = createWorld();
  world.report(started);
  for (let round = 0; round < 5; round += 1) world.look(entry(state));
  expect(await world.isOver()).toBe(false);
});

test('however long nobody knows, nothing is ended; one look without it is not enough, two are', async () => {
  const world = createWorld();
  world.report(started);
  const unknown: QueueObservation = {
    kind: 'unknown',
    error: new PortwrapError('SCHEDULER_UNREACHABLE', 'away'),
  };
  for (let round = 0; round < 50; round += 1) world.look(unknown);
  expect(await world.isOver()).toBe(false);
  world.look({ kind: 'absent' });
  world.look(entry('RUNNING'));
  world.look({ kind: 'absent' });
  world.look(unknown);
  expect(await world.isOver()).toBe(false);
  world.look({ kind: 'absent' });
  await expect(world.job.ended).rejects.toMatchObject({ code: 'JOB_GONE' });
});

test.each<[string, Partial<Accounted>, Report[], object]>([
  ['CANCELLED', {}, [started], { code: 'JOB_CANCELLED' }],
  ['TIMEOUT', {}, [started], { code: 'JOB_TIME_LIMIT' }],
  ['OUT_OF_MEMORY', {}, [started], { code: 'JOB_OUT_OF_MEMORY' }],
  ['FAILED', { code: 7 }, [], { code: 'JOB_FAILED', message: expect.stringContaining('exit code 7') }],
])('what squeue has forgotten and sacct knows as %s is told as that', async (state, fields, told, error) => {
  const world = createWorld(null, { id: '7', submitted, state, node: 'n1', code: 0, signal: 0, ...fields });
  for (const report of told) world.report(report);
  for (let round = 0; round < 2; round += 1) world.look({ kind: 'absent' });
  await expect(told.length === 0 ? world.job.started : world.job.ended).rejects.toMatchObject(error);
  expect(world.asked).toEqual(['7']);
});

test('why a job has told its end is asked of sacct, when squeue has forgotten it', async () => {
  const world = createWorld(null, { id: '7', submitted, state: 'TIMEOUT', node: 'n1', code: 0, signal: 0 });
  for (const report of [started, ended({ code: 143, asked: true })]) world.report(report);
  for (let round = 0; round < 2; round += 1) world.look({ kind: 'absent' });
  await world.job.gone;
  expect(world.job.verdict).toMatchObject({ code: 'JOB_TIME_LIMIT' });
});

test('an end of its own that only sacct knows is an exit code', async () => {
  const world = createWorld(null, { id: '7', submitted, state: 'FAILED', node: 'n1', code: 0, signal: 9 });
  world.report(started);
  world.look(entry('FAILED')); // and then the controller forgets it, before it is asked for the code
  expect(await world.job.ended).toMatchObject({ code: 137 });
});

test('nobody asks sacct how a job has ended that we have ended', async () => {
  const world = createWorld(null, { id: '7', submitted, state: 'FAILED', node: 'n1', code: 1, signal: 0 });
  world.report(started);
  world.job.expectEnd();
  for (let round = 0; round < 2; round += 1) world.look({ kind: 'absent' });
  expect(await world.job.ended).toMatchObject({ code: null });
  expect(world.asked).toEqual([]);
});

test.each([['PENDING'], ['REQUEUED'], ['REQUEUE_HOLD'], ['SPECIAL_EXIT']])(
  '%s after it ran: its server is lost, but the job is not over until it is cancelled',
  async (state) => {
    const world = createWorld();
    world.report(started);
    world.look(entry(state));
    await expect(world.job.lost).rejects.toMatchObject({ code: 'JOB_REQUEUED' });
    world.job.expectEnd();
    expect(await world.isOver()).toBe(false);
    world.report(ended({ code: 143, asked: true })); // the run before tells its end late
    expect(await world.isOver()).toBe(false);
    expect(world.job.isPending).toBe(true);
    world.look(entry('CANCELLED'));
    expect(await world.job.ended).toMatchObject({ code: 143 });
  },
);

test('begun again on another node, it is lost as well', async () => {
  const world = createWorld();
  world.report(started);
  world.report({ ...started, restarts: 1, port: 20_002 } as Report);
  await expect(world.job.lost).rejects.toMatchObject({ code: 'JOB_REQUEUED' });
});

test('a kill is the end at once, and Slurm is looked at until it says why', async () => {
  const world = createWorld();
  for (const report of [started, ended({ code: 137, signal: 'SIGKILL' })]) world.report(report);
  expect(await world.job.ended).toMatchObject({ code: 137, signal: 'SIGKILL' });
  const away: QueueObservation = {
    kind: 'unknown',
    error: new PortwrapError('SCHEDULER_UNREACHABLE', 'away'),
  };
  const observations = [entry('RUNNING'), away, entry('COMPLETING'), entry('COMPLETING')];
  for (const [index, observation] of observations.entries()) {
    expect(world.looksAskedFor()).toBe(index + 1);
    world.look(observation);
  }
  expect(world.looksAskedFor()).toBe(5);
  expect(world.job.verdict).toBeNull();
  world.look(entry('OUT_OF_MEMORY'));
  await world.job.gone;
  expect(world.job.verdict).toMatchObject({ code: 'JOB_OUT_OF_MEMORY' });
  expect(world.job.exit.outOfMemory).toBe(true);
  expect(world.looksAskedFor()).toBe(5);
});

test('a job that is put back into the queue after it has told its end is lost, and cancelled', async () => {
  const world = createWorld();
  for (const report of [started, ended({ code: 143, asked: true })]) world.report(report);
  world.look(entry('COMPLETING'));
  world.look(entry('PENDING'));
  await expect(world.job.lost).rejects.toMatchObject({ code: 'JOB_REQUEUED' });
  expect(await stopAsked(world, 600_000)).toEqual(['cancel', 'cancel', 'cancel']);
  expect(world.job.verdict).toMatchObject({ code: 'JOB_REQUEUED' });
});

test('an end of its own is told by its report alone, without waiting for a look', async () => {
  const world = createWorld();
  world.report(started);
  world.report(ended({ code: 3 }));
  expect(await world.job.ended).toEqual({ code: 3, signal: null, outOfMemory: false });
});

test('an end that we asked for is an ordinary one, whatever Slurm calls it', async () => {
  const world = createWorld();
  world.report(started);
  world.job.expectEnd();
  world.look(entry('CANCELLED'));
  expect(await world.job.ended).toEqual({ code: null, signal: null, outOfMemory: false });
});

test('without a report, the exit code is what Slurm has noted', async () => {
  const world = createWorld({ code: 0, signal: 9 });
  world.report(started);
  world.look(entry('FAILED'));
  expect(await world.job.ended).toMatchObject({ code: 137 });
});

test('before its server ran, an end is a failure that names job, node and exit code', async () => {
  const world = createWorld({ code: 127, signal: 0 });
  world.look({ ...entry('RUNNING') });
  world.look(entry('FAILED'));
  await expect(world.job.started).rejects.toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringMatching(/job 7 on n1 .* exit code 127/),
  });
});

test('a failure on the node is told with its code and its hint', async () => {
  const world = createWorld();
  const said = { message: 'nft refused', hint: 'Install nftables.' };
  world.report({ event: 'failed', code: 'POLICY_FAILED', ...said });
  await expect(world.job.started).rejects.toMatchObject({ code: 'POLICY_FAILED', hint: said.hint });
});

test('an address that is refused does not become the server', async () => {
  const world = createWorld();
  world.report({ ...started, host: '10.9.9.9' } as Report);
  await expect(world.job.started).rejects.toMatchObject({ code: 'JOB_FAILED' });
  expect(world.job.place).toMatchObject({ host: null, port: null });
});

test('the report of another job does not move a server', async () => {
  const world = createWorld();
  world.report({ ...started, job: '8' } as Report);
  await expect(world.job.started).rejects.toMatchObject({ code: 'JOB_REQUEUED' });
});

test('a job that has told its node once cannot have its record written again by telling others', () => {
  const world = createWorld();
  for (const node of ['n1', 'n2', 'n1']) world.report({ ...started, node } as Report);
  expect(world.places).toHaveLength(1);
});

test.each<[string, Report]>([
  ['ended', ended()],
  ['failed', { event: 'failed', code: 'JOB_FAILED', message: '', hint: '' }],
])('a job that says %s and runs on is cancelled, and not over before Slurm was told', async (_what, said) => {
  expect(await endAfter(said, 'RUNNING')).toEqual(['KILL', 'cancel', 'KILL', 'cancel']);
});

test('a job whose end Slurm confirms is not cancelled', async () => {
  expect(await endAfter(ended(), 'COMPLETED')).toEqual([]);
});

test('what Slurm does not say in time is not waited for, and what it says of a job that we cancel counts no more', async () => {
  const world = createWorld();
  for (const report of [started, ended({ code: 137, signal: 'SIGKILL' })]) world.report(report);
  world.look(entry('COMPLETING'));
  expect(await stopAsked(world, 1, () => world.look(entry('CANCELLED')))).toEqual(['KILL', 'cancel']);
  expect(world.job.verdict).toBeNull();
  expect(world.job.exit).toMatchObject({ code: 137, signal: 'SIGKILL' });
});

/** Stops a job that has told its end and is in that state. */
async function endAfter(said: Report, state: string) {
  const world = createWorld();
  for (const report of [started, said]) world.report(report);
  expect(await world.isOver()).toBe(true);
  world.look(entry(state));
  return stopAsked(world, 1);
}

/** What a stop asks of Slurm, which refuses the first two commands; `onCommand`: it looks as well. */
async function stopAsked(world: World, tellGrace: number, onCommand = () => {}) {
  const asked: string[] = [];
  const cancel = async (_id: string, signal = 'cancel') => {
    asked.push(signal);
    onCommand();
    if (asked.length < 3) throw new PortwrapError('SCHEDULER_UNREACHABLE', 'away');
  };
  const queue = { soon() {} };
  const input = { job: world.job, commands: { cancel }, queue, log: pino({ level: 'silent' }) };
  const { stop } = createJobEnding(input, { tellGrace, firstPause: 1 });
  await stop(10_000);
  return asked;
}

function entry(state: string): QueueObservation {
  const fields: QueueEntry = {
    ...{ id: '7', state, reason: 'None', node: 'n1', partition: 'main' },
    ...{ priority: 1, start: 1_795_472_176, end: 1_795_472_476 },
  };
  return { kind: 'seen', entry: fields, before: 0 };
}

interface World {
  readonly job: Job;
  /** As they were written down. */
  readonly places: readonly JobPlacement[];
  /** Of sacct. */
  readonly asked: readonly string[];
  /** By queue.soon(). */
  looksAskedFor(): number;
  look(observation: QueueObservation): void;
  report(report: Report): void;
  isOver(): Promise<boolean>;
}

function createWorld(
  noted: { code: number; signal: number } | null = null,
  accounted: Accounted | null = null,
): World {
  let look: (observation: QueueObservation) => void = () => {};
  let take: HandleReport = () => {};
  let looks = 0;
  const places: JobPlacement[] = [];
  const asked: string[] = [];
  const input: JobInput = {
    recordId: 'abcabcabcabc',
    requested: submitted * 1000,
    place: { id: '7', node: null, host: null, port: null, ends_at: null },
    commands: { exitOf: async () => noted },
    accounting: {
      async endOf(id) {
        asked.push(id);
        return accounted;
      },
    },
    queue: {
      watch(_id, show) {
        look = show;
        return () => {};
      },
      soon() {
        looks += 1;
      },
      close() {},
    },
    reports: {
      listener: () => {},
      secretOf: () => '',
      hold: () => () => {},
      expect(_id, taker) {
        take = taker;
        return () => {
          take = () => {
            throw new Error('nobody takes it');
          };
        };
      },
    },
    checkAddress({ host }) {
      if (host !== address.host) throw new PortwrapError('JOB_FAILED', 'refused');
    },
    onQueue() {},
    onPlace: (changed) => void places.push(changed),
    onOutput() {},
  };
  const job = watchJob(input);
  return {
    ...{ job, places, asked },
    looksAskedFor: () => looks,
    look: (observation) => look(observation),
    report: (report) => take(report, address.host),
    isOver: () =>
      Promise.race([
        job.ended.then(
          () => true,
          () => true,
        ),
        new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
      ]),
  };
}
