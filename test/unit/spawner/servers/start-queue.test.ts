// The queue of starts: order, places, and leaving it at any time.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStartQueue } from '../../../../spawner/servers/start-queue.ts';

test('never more than the places are taken, and turns come in the order of arrival, whoever leaves', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.record({ what: fc.constantFrom('enter', 'finish', 'abort'), which: fc.nat(20) }), {
        maxLength: 60,
      }),
      async (places, steps) => {
        const queue = createStartQueue(() => places);
        const begun: number[] = [];
        const starts: { abort: AbortController; done?: () => void; aborted: boolean }[] = [];
        for (const { what, which } of steps) {
          const chosen = starts[which % Math.max(starts.length, 1)];
          if (what === 'enter') {
            const start: (typeof starts)[number] = { abort: new AbortController(), aborted: false };
            const number = starts.push(start) - 1;
            queue
              .enter(start.abort.signal, () => {})
              .then(
                (done) => {
                  begun.push(number);
                  start.done = done;
                },
                () => {
                  start.aborted = true;
                },
              );
          } else if (what === 'finish') chosen?.done?.();
          else chosen?.abort.abort();
          await new Promise(setImmediate);
          expect(queue.starting).toBeLessThanOrEqual(places);
          expect(begun).toEqual([...begun].sort((a, b) => a - b));
        }
        for (let round = 0; round < starts.length; round += 1) {
          for (const start of starts) start.done?.();
          await new Promise(setImmediate);
        }
        expect(queue).toMatchObject({ waiting: 0, starting: 0 });
        expect(begun.length).toBe(starts.filter((start) => start.done !== undefined).length);
        for (const start of starts) expect(start.aborted).toBe(start.done === undefined);
      },
    ),
    { numRuns: 100 },
  );
});

test('a start that waits is told how many are before it, and that falls to none', async () => {
  const queue = createStartQueue(() => 1);
  const first = await queue.enter(never, () => {});
  const told: number[] = [];
  const second = queue.enter(never, () => {});
  const third = queue.enter(never, (before) => told.push(before));
  first();
  (await second)();
  await third;
  expect(told).toEqual([1, 0]);
});

test('in a long queue only every tenth place is told, so that a log of a start stays short', async () => {
  const queue = createStartQueue(() => 1);
  const told: number[] = [];
  let current = await queue.enter(never, () => {});
  const others = Array.from({ length: 100 }, () => queue.enter(never, () => {}));
  const last = queue.enter(never, (before) => told.push(before));
  for (const other of others) {
    current();
    current = await other;
  }
  current();
  await last;
  expect(told[0]).toBe(100);
  expect(told.at(-1)).toBe(0);
  expect(told.length).toBeLessThan(25);
});

test('a place that is given back twice is one place', async () => {
  const queue = createStartQueue(() => 1);
  const done = await queue.enter(never, () => {});
  done();
  done();
  await queue.enter(never, () => {});
  expect(queue.starting).toBe(1);
});

test('a start that was stopped before it came does not enter', async () => {
  const queue = createStartQueue(() => 1);
  await expect(queue.enter(AbortSignal.abort(new Error('stopped')), () => {})).rejects.toThrow('stopped');
  expect(queue).toMatchObject({ waiting: 0, starting: 0 });
});

const never = new AbortController().signal;
