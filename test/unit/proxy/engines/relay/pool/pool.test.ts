import { expect, test } from 'vitest';
import { type Dial, TargetPool, type Waiter } from '../../../../../../proxy/engines/relay/pool/pool.ts';

test('a pool whose target has no route any more opens no connection, neither for who waits nor for who comes', () => {
  const dialed: string[] = [];
  const dial: Dial = (opened) => {
    dialed.push('dialed');
    return () => opened(new Error('given up'));
  };
  let emptied = 0;
  const pool = new TargetPool(dial, Date.now, () => (emptied += 1));
  const reasons: string[] = [];
  const waiter = (): Waiter => ({
    fresh: false,
    maxIdle: 0,
    onConnection: () => reasons.push('connected'),
    onUnreachable: ({ message }) => reasons.push(message),
  });
  pool.acquire(waiter());
  pool.acquire(waiter());
  pool.retire();
  pool.acquire(waiter());
  expect(dialed).toHaveLength(1);
  expect(reasons).toEqual(Array(3).fill('the route was removed'));
  expect(pool.opening).toBe(0);
  expect(emptied).toBeGreaterThan(0);
});
