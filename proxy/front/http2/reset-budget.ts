// How many requests of one connection a client may reset: each costs the proxy more than the client, and a flood of them
// would stop everybody else (CVE-2023-44487). A browser that leaves a page resets at most all of its streams at once.
// Not here: closing the connection (sessions.ts).

/** Returns whether the connection may go on. */
export type SpendReset = () => boolean;

export function resetBudget(clock: () => number = performance.now.bind(performance)): SpendReset {
  let left = burst;
  let since = clock();
  return () => {
    const now = clock();
    left = Math.min(burst, left + ((now - since) / 1000) * rate);
    since = now;
    left -= 1;
    return left >= 0;
  };
}

/** Resets at once: more than a connection has streams. */
const burst = 200;

/** Resets per second. */
const rate = 20;
