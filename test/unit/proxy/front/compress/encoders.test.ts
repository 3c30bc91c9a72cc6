import { expect, test } from 'vitest';
import { createEncoders } from '../../../../../proxy/front/compress/encoders.ts';

const ignore = (): void => undefined;
const wanted = { encoding: 'gzip', length: undefined, target: 'a', onEvicted: ignore } as const;

test('a closed encoder makes room for another, and closing it twice makes room for one only', () => {
  const encoders = createEncoders(() => 0, 2);
  const open = (target: string) => encoders.open({ ...wanted, target });
  const [first, second] = [open('a'), open('b')];
  expect(open('c')).toBeUndefined();
  first?.close();
  first?.close();
  const third = open('c');
  expect(third).toBeDefined();
  expect(open('d')).toBeUndefined();
  second?.close();
  third?.close();
});

test('one target has at most half of the encoders', () => {
  const encoders = createEncoders(() => 0, 4);
  const [first, second] = [encoders.open(wanted), encoders.open(wanted)];
  expect(encoders.open(wanted)).toBeUndefined();
  const other = encoders.open({ ...wanted, target: 'b' });
  expect(other).toBeDefined();
  for (const encoder of [first, second, other]) encoder?.close();
});

test('only an encoder in which nothing moved for a minute is taken away, and only if another one needs it', () => {
  let now = 0;
  const evicted: string[] = [];
  const encoders = createEncoders(() => now, 2);
  const open = (target: string) =>
    encoders.open({ ...wanted, encoding: 'br', length: 2000, target, onEvicted: () => evicted.push(target) });
  const [stalled, working] = [open('stalled'), open('working')];
  now = 30_000;
  stalled?.progress();
  now = 61_000;
  working?.progress();
  expect(open('third')).toBeUndefined();
  now = 90_000;
  expect(evicted).toEqual([]);
  const third = open('third');
  expect(third).toBeDefined();
  expect(evicted).toEqual(['stalled']);
  // its response closes it afterwards
  stalled?.close();
  expect(open('fourth')).toBeUndefined();
  working?.close();
  third?.close();
});
