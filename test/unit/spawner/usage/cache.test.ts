// Readings of usage, with a control group that is a number: how many are read at once, and how often.
import { expect, test } from 'vitest';
import { noPlacement, type ServerRecord } from '../../../../spawner/records/record.ts';
import { createUsageReadings } from '../../../../spawner/usage/cache.ts';

const limits = { memory: null, cpus: 1 };
const usage = (memory: number) => ({ memory, cpu: 0, processes: 1, outOfMemoryKills: 0 });

test('hundreds of servers are read in many turns of the event loop, in which other work goes on', async () => {
  let inThisTurn = 0;
  let most = 0;
  const readings = createUsageReadings(() => {
    if (inThisTurn === 0) {
      setImmediate(() => {
        inThisTurn = 0;
      });
    }
    inThisTurn += 1;
    most = Math.max(most, inThisTurn);
    return { usage: usage(1), limits };
  });
  const records = Array.from({ length: 300 }, running);
  await readings.refresh(records);
  expect(records.every((record) => readings.of(record)?.usage.memory === 1)).toBe(true);
  expect(most).toBeLessThanOrEqual(20);
});

test('what was read a moment ago is not read again, whoever asks; later it is', async () => {
  let [reads, now] = [0, 1_000_000];
  const read = () => {
    reads += 1;
    return { usage: usage(reads), limits };
  };
  const readings = createUsageReadings(read, () => now);
  const records = [running(), running()];
  await Promise.all([readings.refresh(records), readings.refresh(records)]);
  expect(reads).toBe(2);
  now += 1_999;
  await readings.refresh(records);
  expect(reads).toBe(2);
  now += 1;
  await readings.refresh(records);
  expect(records.map((record) => readings.of(record))).toEqual([
    { time: now, usage: usage(3), limits },
    { time: now, usage: usage(4), limits },
  ]);
});

test('a clock that is set back does not keep old readings', async () => {
  let [reads, now] = [0, 10_000_000];
  const readings = createUsageReadings(
    () => ({ usage: usage(++reads), limits }),
    () => now,
  );
  const record = running();
  await readings.refresh([record]);
  now -= 3_600_000;
  await readings.refresh([record]);
  expect(readings.of(record)).toEqual({ time: now, usage: usage(2), limits });
});

test('a server that does not run here uses nothing, nor does one whose control group is gone', async () => {
  let now = 1_000_000;
  const answers = [{ usage: usage(1), limits }, null];
  const readings = createUsageReadings(
    () => answers.shift() ?? null,
    () => now,
  );
  const [record, ended] = [running(), { ...running(), ...noPlacement }];
  await readings.refresh([ended, record]);
  expect(readings.of(record)?.usage.memory).toBe(1);
  now += 10_000;
  await readings.refresh([ended, record]);
  expect([readings.of(ended), readings.of(record)]).toEqual([null, null]);
});

/** A record of which only the sandbox counts here. */
function running(): ServerRecord {
  return { sandbox: {} } as ServerRecord;
}
