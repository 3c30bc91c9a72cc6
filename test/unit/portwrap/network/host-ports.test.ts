import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstOf, noPortBound, portsFromRandom } from '../../../../portwrap/network/host-ports.ts';

const ranges = fc
  .tuple(fc.integer({ min: 1, max: 65_000 }), fc.integer({ min: 0, max: 500 }))
  .map(([low, more]) => ({ low, high: low + more }));

test('every port of the range comes once, one after the other, round from the last to the first', () => {
  fc.assert(
    fc.property(ranges, ({ low, high }) => {
      const ports = [...portsFromRandom({ low, high })];
      expect(ports.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: high - low + 1 }, (_, index) => low + index),
      );
      for (const [index, port] of ports.slice(1).entries())
        expect(port).toBe(ports[index] === high ? low : (ports[index] ?? 0) + 1);
    }),
  );
});

test('two walks seldom begin at the same port', () => {
  const firsts = Array.from({ length: 50 }, () => [...portsFromRandom({ low: 1, high: 10_000 })][0]);
  expect(new Set(firsts).size).toBeGreaterThan(40);
});

test('no more are given than wanted, nor than there are', () => {
  expect([...firstOf([1, 2, 3], 2)]).toEqual([1, 2]);
  expect([...firstOf([1, 2, 3], 9)]).toEqual([1, 2, 3]);
  expect([...firstOf([1], 0)]).toEqual([]);
});

test('one port that was asked for is taken; of several, none is left', () => {
  expect(noPortBound('127.0.0.1', [80])).toMatchObject({ code: 'PORT_TAKEN' });
  expect(noPortBound('127.0.0.1', [80, 81])).toMatchObject({ code: 'PORTS_EXHAUSTED' });
  // nothing to try: the service lets ports rest
  expect(noPortBound('127.0.0.1', [])).toMatchObject({
    code: 'PORTS_EXHAUSTED',
    message: expect.stringContaining('within the last minute'),
    hint: 'Try again in a minute.',
  });
});
