// How often sstat is called, for which jobs, and what happens without it. Not here: its output (sstat.test.ts).
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { noPlacement, type ServerRecord } from '../../../../spawner/records/record.ts';
import { createUsageReadings } from '../../../../spawner/usage/cache.ts';
import { type JobUsageSource, withJobReadings } from '../../../../spawner/usage/job-readings.ts';

function start(usage: JobUsageSource['usage'], samples = true) {
  const calls: string[][] = [];
  const told: unknown[] = [];
  const clock = { now: 1_000_000 };
  const source: JobUsageSource = {
    usage: (ids) => {
      calls.push([...ids]);
      return usage(ids);
    },
    samplesUsage: async () => samples,
  };
  const log = {
    info: (...words: unknown[]) => told.push(words),
    warn: (...words: unknown[]) => told.push(words),
  };
  const local = createUsageReadings(() => null);
  return { readings: withJobReadings(local, { source, log, now: () => clock.now }), calls, told, clock };
}

const used = async (ids: readonly string[]) => new Map(ids.map((id) => [id, { memory: Number(id), cpu: 1 }]));

let serial = 0;
function job(more: Partial<ServerRecord> = {}): ServerRecord {
  serial += 1;
  const placed = { id: String(serial), node: 'n1', host: '192.0.2.1', port: 20000, ends_at: null };
  return { ...noPlacement, id: `r${serial}`, state: 'ready', job: placed, ...more } as ServerRecord;
}

test('all jobs are read in one call, and again only when Slurm may have a new sample', async () => {
  const { readings, calls, clock } = start(used);
  const records = [job(), job()];
  await readings.refresh(records);
  expect(calls).toEqual([records.map(({ job: placed }) => placed?.id)]);
  expect(records.map((record) => readings.of(record)?.usage.memory)).toEqual(calls[0]?.map(Number));
  clock.now += 29_000;
  await readings.refresh(records);
  expect(calls).toHaveLength(1);
  clock.now += 1_000;
  await readings.refresh(records);
  expect(calls).toHaveLength(2);
});

test('many who look at one server each make a call for all of them, every five seconds at most', async () => {
  const { readings, calls, clock } = start(used);
  const records = Array.from({ length: 20 }, () => job());
  for (const record of records) await readings.refresh([record]);
  expect(calls).toHaveLength(1);
  clock.now += 5_000;
  await readings.refresh(records.slice(0, 1));
  expect(calls).toHaveLength(2);
  expect(calls[1]).toHaveLength(19);
});

test('a job that waits for a node, or has ended, is not read', async () => {
  const { readings, calls } = start(used);
  const placed = { id: '1', node: null, host: null, port: null, ends_at: null };
  await readings.refresh([job({ job: placed }), job({ state: 'exited' })]);
  expect(calls).toEqual([]);
});

test('usage that Slurm has not sampled is unknown', async () => {
  const { readings } = start(async (ids) => new Map(ids.map((id) => [id, { memory: null, cpu: null }])));
  const record = job();
  await readings.refresh([record]);
  expect(readings.of(record)).toBeNull();
});

test('without sstat, or without sampling, that is told once and nothing is called again', async () => {
  const missing = new PortwrapError('TOOL_MISSING', 'the command "sstat" is not installed');
  for (const { calls, told, readings, clock } of [start(() => Promise.reject(missing)), start(used, false)]) {
    const before = calls.length;
    const record = job();
    for (let round = 0; round < 3; round += 1) {
      await readings.refresh([record]);
      clock.now += 60_000;
    }
    expect(calls.length - before).toBeLessThanOrEqual(1);
    expect(told).toHaveLength(1);
    expect(readings.of(record)).toBeNull();
  }
});

test('a call that fails is told once until one succeeds, and the last reading stays', async () => {
  let isAway = false;
  const { readings, told, clock } = start((ids) =>
    isAway ? Promise.reject(new PortwrapError('SCHEDULER_UNREACHABLE', 'no response')) : used(ids),
  );
  const record = job();
  await readings.refresh([record]);
  for (const away of [true, true, false, true]) {
    isAway = away;
    clock.now += 60_000;
    await readings.refresh([record]);
  }
  expect(told).toHaveLength(2);
  expect(readings.of(record)?.usage.cpu).toBe(1);
});

test('nobody waits long for a call that hangs, and other servers are read meanwhile', async () => {
  const { readings, calls } = start(() => new Promise(() => {}));
  await readings.refresh([job()]);
  await readings.refresh([job()]);
  expect(calls).toHaveLength(1);
});
