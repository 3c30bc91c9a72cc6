// A plot as SVG: how many points it draws of how many there are.
import { describe, expect, test } from 'vitest';
import { plot } from '../../../../../spawner/page/views/plot.ts';

const [begin, interval] = [1_700_000_000_000, 15_000];
const peak = 57;

function drawn(count: number): { x: number; y: number }[] {
  const points = Array.from({ length: count }, (_, index) => ({
    time: begin + index * interval,
    value: index === peak ? 100 : 1,
  }));
  const { text } = plot({ points, top: 100, size: 'small', span: 300_000 });
  const line = /<polyline[^>]* points="([^"]*)"/.exec(text)?.[1] ?? '';
  return line.split(' ').map((pair) => {
    const [x = 0, y = 0] = pair.split(',').map(Number);
    return { x, y };
  });
}

describe('half an hour of samples in a cell of the table', () => {
  test('is drawn with no more points than can be told apart', () => {
    expect(drawn(121).length).toBeLessThanOrEqual(42);
  });
  test('shows its peak all the same, and ends with the last sample', () => {
    const points = drawn(121);
    expect(Math.min(...points.map(({ y }) => y))).toBe(1.5);
    expect(points.at(-1)?.x).toBe(84);
  });
});

test('few samples are all drawn', () => {
  expect(drawn(42)).toHaveLength(42);
});
