// A job's state machine under any sequence of events: it follows its table, ends only by what is known, and always can end.
// Not here: what each end is called (job.test.ts).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../../config/errors.ts';
import type { Report } from '../../../../../portwrap/index.ts';
import {
  advanceJob,
  type JobEffect,
  type JobEvent,
} from '../../../../../spawner/launchers/slurm/job/job-events.ts';
import {
  enterStage,
  firstJobState,
  hasTold,
  isDecided,
  isEnded,
  type JobState,
  jobStages,
  jobTransitions,
} from '../../../../../spawner/launchers/slurm/job/job-state.ts';
import type { QueueObservation } from '../../../../../spawner/launchers/slurm/scheduler/queue-watch.ts';

const started = {
  ...{ event: 'started' as const, job: '7', restarts: 0, node: 'n1', host: '10.1.0.5', port: 20_001 },
  ...{ pid: 4, start_time: 5, clock: 6 },
} satisfies Report;
const alive = ['PENDING', 'RUNNING', 'COMPLETING', 'A_STATE_OF_TOMORROW'];
const ended = ['COMPLETED', 'FAILED', 'CANCELLED', 'OUT_OF_MEMORY', 'TIMEOUT'];
const unknown: QueueObservation = {
  kind: 'unknown',
  error: new PortwrapError('SCHEDULER_UNREACHABLE', 'away'),
};
const absent: JobEvent = { kind: 'seen', observation: { kind: 'absent' } };

const reports: fc.Arbitrary<Report> = fc.oneof(
  fc.constantFrom<Report>(
    started,
    started,
    { ...started, port: 20_002 },
    { ...started, job: '8' },
    { event: 'ready' },
    { event: 'alive' },
    { event: 'log', text: 'x' },
    { event: 'failed', code: 'POLICY_FAILED', message: '', hint: '' },
  ),
  fc.record({
    event: fc.constant('ended' as const),
    code: fc.constantFrom(0, 3, null),
    signal: fc.constantFrom(null, 'SIGKILL'),
    out_of_memory: fc.boolean(),
    asked: fc.boolean(),
  }),
);
const refusals = fc.constantFrom(null, null, null, new PortwrapError('JOB_FAILED', 'refused'));
const entries = fc.record({
  ...{ id: fc.constant('7'), reason: fc.constant('None'), partition: fc.constant('main') },
  ...{ priority: fc.constant(1), start: fc.constant(1), end: fc.constantFrom(null, 5, 6) },
  state: fc.constantFrom(...alive, ...ended),
  node: fc.constantFrom(null, 'n1', 'n2'),
});
const observations: fc.Arbitrary<QueueObservation> = fc.oneof(
  fc.record({ kind: fc.constant('seen' as const), entry: entries, before: fc.constant(0) }),
  fc.constantFrom<QueueObservation>({ kind: 'absent' }, unknown),
);
const accounts = fc.constantFrom(
  null,
  ...ended.map((state) => ({ id: '7', submitted: 1, state, node: null, code: 2, signal: 0 })),
);
const events: fc.Arbitrary<JobEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('reported' as const), report: reports, refusal: refusals }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('seen' as const), observation: observations }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('accounted' as const), end: accounts }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<JobEvent>(
      { kind: 'noted', exit: null },
      { kind: 'noted', exit: { code: 0, signal: 9 } },
      { kind: 'unanswered' },
      { kind: 'wanted' },
      { kind: 'left' },
    ),
  },
);
const first = firstJobState({ id: '7', node: null, host: null, port: null, ends_at: null });

/** What happens to a job, one step after the other. */
function follow(happening: readonly JobEvent[], state = first) {
  const steps: { before: JobState; event: JobEvent; after: JobState; effects: readonly JobEffect[] }[] = [];
  for (const event of happening) {
    const before = steps.at(-1)?.after ?? state;
    const step = advanceJob(before, event);
    steps.push({ before, event, after: step.state, effects: step.effects });
  }
  return steps;
}

const lives = fc.array(events, { maxLength: 15 });
const kinds = (effects: readonly JobEffect[]) => effects.map(({ kind }) => kind);

test('whatever happens in whatever order, the stages follow the table', () => {
  fc.assert(
    fc.property(lives, (happening) => {
      for (const { before, after } of follow(happening)) {
        if (before.stage !== after.stage) expect(jobTransitions[before.stage]).toContain(after.stage);
      }
    }),
    { numRuns: 1000 },
  );
});

test('each step of the table is taken by some event', () => {
  const place = { ...first.place, host: started.host, port: started.port };
  const untaken = new Set(jobStages.flatMap((from) => jobTransitions[from].map((to) => `${from} ${to}`)));
  const stages = fc.constantFrom(...jobStages);
  fc.assert(
    fc.property(stages, fc.boolean(), events, (stage, isPlaced, event) => {
      const before = { ...first, ...(isPlaced ? { place } : {}), stage, absences: 1 };
      untaken.delete(`${stage} ${advanceJob(before, event).state.stage}`);
    }),
    { numRuns: 5000, seed: 1 },
  );
  expect([...untaken]).toEqual([]);
});

test('a step that is not in the table is a defect, not a silent one', () => {
  for (const from of jobStages) {
    for (const to of jobStages) {
      const state = { ...first, stage: from };
      if (from === to || jobTransitions[from].includes(to)) expect(enterStage(state, to).stage).toBe(to);
      else expect(() => enterStage(state, to)).toThrow(`from ${from} to ${to}`);
    }
  }
});

test('nothing follows once a job is over or left', () => {
  fc.assert(
    fc.property(lives, (happening) => {
      for (const { before, after, effects } of follow(happening)) {
        if (!isEnded(before)) continue;
        expect(after).toBe(before);
        expect(effects).toEqual([]);
      }
    }),
  );
});

test('it is gone exactly when it is over, and its end is told before', () => {
  fc.assert(
    fc.property(lives, (happening) => {
      const steps = follow(happening);
      for (const { before, after, effects } of steps) {
        expect(kinds(effects).includes('gone')).toBe(after.stage === 'over' && before.stage !== 'over');
        if (after.stage === 'over' && before.stage !== 'over') expect(kinds(effects)).toContain('ended');
        if (hasTold(after) && !hasTold(before) && after.stage !== 'requeued')
          expect(kinds(effects)).toContain('ended');
      }
    }),
  );
});

test('what is unknown, or is said to live, never ends a job', () => {
  const undecided = fc.oneof(
    fc.constant<JobEvent>({ kind: 'seen', observation: unknown }),
    entries.map((entry): JobEvent => {
      const living = { ...entry, state: ended.includes(entry.state) ? 'RUNNING' : entry.state };
      return { kind: 'seen', observation: { kind: 'seen', entry: living, before: 0 } };
    }),
    fc.constant<JobEvent>({ kind: 'unanswered' }),
  );
  fc.assert(
    fc.property(lives, fc.array(undecided, { maxLength: 30 }), (happening, more) => {
      const state = follow(happening).at(-1)?.after ?? first;
      for (const { before, after } of follow(more, state)) {
        if (!isEnded(before)) expect(isEnded(after)).toBe(false);
      }
    }),
  );
});

test('whose end is decided is not lost, and nobody is lost twice', () => {
  fc.assert(
    fc.property(lives, (happening) => {
      const steps = follow(happening);
      const losses = steps.filter(({ effects }) => kinds(effects).includes('lost'));
      expect(losses.length).toBeLessThanOrEqual(1);
      for (const { before } of losses) expect(isDecided(before)).toBe(false);
    }),
  );
});

test('from wherever it is, two looks that miss it and an answer of sacct end it', () => {
  fc.assert(
    fc.property(lives, accounts, (happening, end) => {
      const state = follow(happening).at(-1)?.after ?? first;
      const after = follow([absent, absent, { kind: 'accounted', end }], state).at(-1)?.after;
      expect(after !== undefined && isEnded(after)).toBe(true);
    }),
  );
});

test('sacct is asked once until it has answered', () => {
  fc.assert(
    fc.property(lives, (happening) => {
      let asked = 0;
      for (const { event, effects } of follow(happening)) {
        if (event.kind === 'accounted') asked = 0;
        asked += kinds(effects).filter((kind) => kind === 'ask-sacct').length;
        expect(asked).toBeLessThanOrEqual(1);
      }
    }),
  );
});
