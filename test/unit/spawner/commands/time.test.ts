// Times and durations as administrators write them.
import { expect, test } from 'vitest';
import { duration, parseMoment } from '../../../../spawner/commands/time.ts';

test.each([
  ['90s', 90],
  ['30m', 1800],
  ['2h', 7200],
  ['7d', 604_800],
  ['1', undefined],
  ['h', undefined],
  ['-1h', undefined],
  ['1w', undefined],
])('the duration %s is %s seconds', (text, seconds) => {
  expect(duration.parse(text)).toBe(seconds);
});

const now = new Date(2026, 11, 1, 12, 0, 0);
const local = (...[year, month, day, hours, minutes]: [number, number, number, number, number]) =>
  new Date(year, month - 1, day, hours, minutes).getTime();

test.each([
  ['now', now.getTime()],
  ['+30m', now.getTime() + 1_800_000],
  ['18:00', local(2026, 12, 1, 18, 0)],
  ['12:00', local(2026, 12, 2, 12, 0)],
  ['9:05', local(2026, 12, 2, 9, 5)],
  ['2026-12-24T18:30', local(2026, 12, 24, 18, 30)],
  ['2026-12-24 18:30', local(2026, 12, 24, 18, 30)],
  ['2026-12-24T18:30Z', Date.UTC(2026, 11, 24, 18, 30)],
  ['2026-12-24T18:30:15+02:00', Date.UTC(2026, 11, 24, 16, 30, 15)],
  ['24:00', undefined],
  ['2026-13-01T00:00', undefined],
  ['2026-12-24', undefined],
  ['tomorrow', undefined],
  ['', undefined],
])('the time "%s", said on 1 December at noon', (text, milliseconds) => {
  expect(parseMoment(text, now)).toBe(milliseconds);
});
