import { expect, test } from 'vitest';
import { createProgressLog, type ProgressEvent } from '../../../../spawner/records/progress.ts';

function logOf(...messages: string[]) {
  const log = createProgressLog();
  for (const message of messages) log.add({ progress: 10, message });
  return log;
}

function readFrom(log: ReturnType<typeof createProgressLog>, lastId: number) {
  const seen: ProgressEvent[] = [];
  const stop = log.follow(lastId, (event) => seen.push(event));
  return { seen, stop, messages: () => seen.map(({ message }) => message) };
}

test('a reader gets what was before it, then what comes', () => {
  const log = logOf('a', 'b');
  const reader = readFrom(log, 0);
  log.add({ progress: 20, message: 'c' });
  expect(reader.messages()).toEqual(['a', 'b', 'c']);
});

test('a reader resumes after the event it saw last', () => {
  expect(readFrom(logOf('a', 'b', 'c'), 2).messages()).toEqual(['c']);
});

test('an id of an earlier service replays everything', () => {
  expect(readFrom(logOf('a', 'b'), 7).messages()).toEqual(['a', 'b']);
});

test('nothing is added after the last event', () => {
  const log = logOf('a');
  log.add({ progress: 100, message: 'ready', ready: true });
  log.add({ progress: 100, message: 'failed', failed: true });
  expect(readFrom(log, 0).messages()).toEqual(['a', 'ready']);
});

test('a reader that has stopped gets nothing more', () => {
  const log = logOf('a');
  const reader = readFrom(log, 0);
  reader.stop();
  log.add({ progress: 20, message: 'b' });
  expect(reader.messages()).toEqual(['a']);
});
