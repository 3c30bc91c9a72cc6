// Undo: the steps that take back what was opened, last one first. Every step runs, also when another one
// fails; failures are reported together. Not here: what the steps are.

export interface Teardown {
  /** Remembers how to take back something that now exists. `what` names it in a failure. */
  add(what: string, step: () => void | Promise<void>): void;
  /** Takes everything back, LIFO. Rejects with an AggregateError when steps failed. */
  run(): Promise<void>;
  /** Forgets all steps: what was opened now belongs to somebody else. */
  release(): void;
}

export function createTeardown(): Teardown {
  const steps: { what: string; step: () => void | Promise<void> }[] = [];
  return {
    add(what, step) {
      steps.push({ what, step });
    },
    async run() {
      const failures: Error[] = [];
      for (let entry = steps.pop(); entry !== undefined; entry = steps.pop()) {
        try {
          await entry.step();
        } catch (cause) {
          failures.push(new Error(`could not undo: ${entry.what}`, { cause }));
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'undoing was incomplete');
    },
    release() {
      steps.length = 0;
    },
  };
}
