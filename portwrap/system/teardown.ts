// Undo: runs cleanup steps, the last one first. Every step runs, even if another one fails; failures are reported
// together. Not here: the steps.
import { PortwrapError } from '../../config/errors.ts';
import { errorText } from '../../config/system/error-text.ts';

export interface Teardown {
  /** Adds a step that undoes something that now exists. `what` names it in a failure. */
  add(what: string, step: () => void | Promise<void>): void;
  /** Runs all steps, LIFO. Rejects with an AggregateError when steps failed. */
  run(): Promise<void>;
  /**
   * Runs all steps because of `failure`, and then rejects with it. When steps failed, the rejection has the
   * code and the hint of `failure`, and its message names both.
   */
  fail(failure: unknown): Promise<never>;
  /** Drops all steps: the opened resources now have another owner. */
  release(): void;
}

export function createTeardown(): Teardown {
  const steps: { what: string; step: () => void | Promise<void> }[] = [];
  const run = async () => {
    const failures: Error[] = [];
    for (let entry = steps.pop(); entry !== undefined; entry = steps.pop()) {
      try {
        await entry.step();
      } catch (cause) {
        failures.push(new Error(`could not undo: ${entry.what}`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'undoing was incomplete');
  };
  return {
    add(what, step) {
      steps.push({ what, step });
    },
    run,
    async fail(failure) {
      await run().catch((incomplete: AggregateError) => {
        throw withLeftovers(failure, incomplete);
      });
      throw failure;
    },
    release() {
      steps.length = 0;
    },
  };
}

/** Whether a failure left something behind. */
export function leftSomething(error: unknown): boolean {
  return error instanceof PortwrapError && error.cause instanceof AggregateError;
}

function withLeftovers(failure: unknown, incomplete: AggregateError): PortwrapError {
  const told = incomplete.errors.map((error: Error) => `${error.message} (${errorText(error.cause)})`);
  const { code, hint } =
    failure instanceof PortwrapError ? failure : { code: 'INTERNAL' as const, hint: undefined };
  return new PortwrapError(code, `${errorText(failure)}; then ${told.join('; ')}`, {
    hint,
    cause: new AggregateError([failure, ...incomplete.errors], incomplete.message),
  });
}
