// Whether the forward of a server holds its host port. Not here: what follows when it does not (servers/server-route.ts).

/** Does the forward hold the host port of the server? */
export interface ForwardState {
  readonly isUp: boolean;
  /** How often it was lost. */
  readonly losses: number;
  /** Resolves when it is up. */
  up(): Promise<void>;
  change(isUp: boolean): void;
}

export function createForwardState(): ForwardState {
  let losses = 0;
  let isUp = true;
  const waiting = new Set<() => void>();
  return {
    get isUp() {
      return isUp;
    },
    get losses() {
      return losses;
    },
    up: () => (isUp ? Promise.resolve() : new Promise((resolve) => void waiting.add(resolve))),
    change(next) {
      isUp = next;
      if (!isUp) losses += 1;
      else for (const resolve of waiting) resolve();
      if (isUp) waiting.clear();
    },
  };
}
