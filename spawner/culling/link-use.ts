// How the ports of a server are used through the links of the page, as far as it counts for culling.
// Not here: counting (page/links/live-connections.ts), the decision (activity.ts).
export interface LinkUse {
  /** Seconds on the monotonic clock when a browser sent something last; null: never. */
  readonly usedAt: number | null;
  /** Open connections. */
  readonly connections: number;
}

export const notUsed: LinkUse = { usedAt: null, connections: 0 };
