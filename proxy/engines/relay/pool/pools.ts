// One pool per target that is in use, by the target's key. A pool that has nothing left is dropped.
// Not here: what a pool does (pool.ts).

import type { Target } from '../../../http/target.ts';
import type { ConnectionCounts, UpstreamTls } from '../../engine.ts';
import { dial } from './dial.ts';
import { TargetPool } from './pool.ts';

export class Pools {
  readonly #tls: UpstreamTls;
  readonly #clock: () => number;
  readonly #pools = new Map<string, TargetPool>();
  readonly #retired = new Set<TargetPool>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(tls: UpstreamTls, clock: () => number) {
    this.#tls = tls;
    this.#clock = clock;
    this.#sweeper = setInterval(() => {
      for (const pool of this.#pools.values()) pool.sweep();
    }, sweepInterval).unref();
  }

  of(target: Target): TargetPool {
    const known = this.#pools.get(target.key);
    if (known !== undefined) return known;
    const pool: TargetPool = new TargetPool(
      (opened) => dial(target, this.#tls, opened),
      this.#clock,
      () => {
        this.#retired.delete(pool);
        if (this.#pools.get(target.key) === pool) this.#pools.delete(target.key);
      },
    );
    this.#pools.set(target.key, pool);
    return pool;
  }

  forget(target: Target): void {
    const pool = this.#pools.get(target.key);
    if (pool === undefined) return;
    this.#pools.delete(target.key);
    this.#retired.add(pool);
    pool.retire();
  }

  count(upgraded: number): ConnectionCounts {
    let opening = 0;
    let idle = 0;
    let open = 0;
    for (const pool of [...this.#pools.values(), ...this.#retired]) {
      opening += pool.opening;
      idle += pool.idle;
      open += pool.open;
    }
    return { opening, idle, active: open - idle - upgraded, upgraded };
  }

  close(): void {
    clearInterval(this.#sweeper);
    for (const pool of [...this.#pools.values(), ...this.#retired]) pool.close();
  }
}

const sweepInterval = 1000;
