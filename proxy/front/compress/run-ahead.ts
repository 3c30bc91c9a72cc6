// How far compression may run ahead of a client: some compressed bytes wait in memory, so that an encoder is free again
// long before a slow client has read them. Bounded for each response, and for all together.
// Not here: encoders (encoders.ts).

export interface RunAhead {
  /** For one response. */
  open(): Ahead;
}

export interface Ahead {
  add(bytes: number): void;
  /** The client's connection has taken them. */
  remove(bytes: number): void;
  /** Whether no more should be added now. */
  readonly isFull: boolean;
  /** Whether adding may continue after it was full. */
  readonly hasRoom: boolean;
  close(): void;
}

export function createRunAhead(): RunAhead {
  let total = 0;
  return {
    open: () => {
      let own = 0;
      let isOpen = true;
      const limit = (): number => (total < mostTogether ? mostOfOne : least);
      const change = (bytes: number): void => {
        if (!isOpen) return;
        own += bytes;
        total += bytes;
      };
      return {
        add: change,
        remove: (bytes) => change(-bytes),
        get isFull() {
          return own >= limit();
        },
        get hasRoom() {
          return own <= limit() / 2;
        },
        close: () => {
          change(-own);
          isOpen = false;
        },
      };
    },
  };
}

/** Bytes. */
const mostOfOne = 1024 * 1024;
const mostTogether = 32 * 1024 * 1024;

/** Bytes for a response while the others use up all. */
const least = 32 * 1024;
