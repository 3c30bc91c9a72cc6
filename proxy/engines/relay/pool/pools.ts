// One pool for each target in use, by the target's key. An empty pool is dropped.
// Not here: pooling itself (pool.ts).

import type { Target } from '../../../http/target.ts';
import type { ConnectionCounts, UpstreamTls } from '../../engine.ts';
import { dial } from './dial.ts';
import { TargetPool } from './pool.ts';

export interface Pools {
  of(target: Target): TargetPool;
  forget(target: Target): void;
  count(upgraded: number): ConnectionCounts;
  close(): void;
}

export function createPools(tls: UpstreamTls, clock: () => number): Pools {
  const pools = new Map<string, TargetPool>();
  const retired = new Set<TargetPool>();
  const sweeper = setInterval(() => {
    for (const pool of pools.values()) pool.sweep();
  }, sweepInterval).unref();
  const add = (target: Target): TargetPool => {
    const onEmpty = (): void => {
      retired.delete(pool);
      if (pools.get(target.key) === pool) pools.delete(target.key);
    };
    const pool: TargetPool = new TargetPool((opened) => dial(target, tls, opened), clock, onEmpty);
    pools.set(target.key, pool);
    return pool;
  };
  return {
    of: (target) => pools.get(target.key) ?? add(target),
    forget: (target) => {
      const pool = pools.get(target.key);
      if (pool === undefined) return;
      pools.delete(target.key);
      retired.add(pool);
      pool.retire();
    },
    count: (upgraded) => {
      let opening = 0;
      let idle = 0;
      let open = 0;
      for (const pool of [...pools.values(), ...retired]) {
        opening += pool.opening;
        idle += pool.idle;
        open += pool.open;
      }
      return { opening, idle, active: open - idle - upgraded, upgraded };
    },
    close: () => {
      clearInterval(sweeper);
      for (const pool of [...pools.values(), ...retired]) pool.close();
    },
  };
}

const sweepInterval = 1000;
