import { describe, expect, test } from 'vitest';
import { createPorts } from '../../../../spawner/launchers/ports.ts';

const range = { low: 20000, high: 20004 };
const all = [20000, 20001, 20002, 20003, 20004];

describe('ports', () => {
  test('every port of the range is a candidate, once', () => {
    expect([...createPorts(range).candidates()].sort()).toEqual(all);
  });

  test('a leased port is not a candidate', () => {
    const ports = createPorts(range);
    ports.lease(20002);
    expect([...ports.candidates()].sort()).toEqual([20000, 20001, 20003, 20004]);
  });

  test('a released port rests for a minute', () => {
    let now = 0;
    const ports = createPorts(range, () => now);
    ports.lease(20002);
    ports.release(20002);
    now = 59_999;
    expect([...ports.candidates()]).not.toContain(20002);
    now = 60_000;
    expect([...ports.candidates()]).toContain(20002);
  });

  test('releasing a port that was never leased does not make it rest', () => {
    const ports = createPorts(range);
    ports.release(20001);
    expect([...ports.candidates()]).toContain(20001);
  });

  test('different starts begin at different ports', () => {
    const wide = createPorts({ low: 20000, high: 29999 });
    const firsts = Array.from({ length: 20 }, () => wide.candidates()[Symbol.iterator]().next().value);
    expect(new Set(firsts).size).toBeGreaterThan(10);
  });
});
