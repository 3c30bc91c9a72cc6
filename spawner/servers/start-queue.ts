// The queue of starts: so many at a time, the others in the order in which they came. Not here: how many
// servers there may be at all (servers/admission.ts).

export interface StartQueue {
  /**
   * Settles when it is this start's turn, with how to give the place back (once; more does nothing). Rejects
   * with the signal's reason when aborted, and is then out of the queue. `onWaiting` is told how many are
   * before it, at first and as that changes.
   */
  enter(abort: AbortSignal, onWaiting: (before: number) => void): Promise<() => void>;
  readonly waiting: number;
  readonly starting: number;
}

interface Waiter {
  told: number;
  readonly onWaiting: (before: number) => void;
  readonly begin: () => void;
}

export function createStartQueue(places: () => number): StartQueue {
  const queue: Waiter[] = [];
  let taken = 0;

  const advance = () => {
    while (taken < places()) {
      const next = queue.shift();
      if (next === undefined) break;
      taken += 1;
      next.begin();
    }
    for (const [before, waiter] of queue.entries()) tell(waiter, before);
  };
  const placeOf = () => {
    let held = true;
    return () => {
      if (held) taken -= 1;
      held = false;
      advance();
    };
  };
  return {
    enter(abort, onWaiting) {
      return new Promise((resolve, reject) => {
        if (abort.aborted) return reject(abort.reason);
        const leave = () => {
          queue.splice(queue.indexOf(waiter), 1);
          advance();
          reject(abort.reason);
        };
        const begin = () => {
          abort.removeEventListener('abort', leave);
          resolve(placeOf());
        };
        const waiter: Waiter = { told: Number.POSITIVE_INFINITY, onWaiting, begin };
        abort.addEventListener('abort', leave, { once: true });
        queue.push(waiter);
        advance();
      });
    },
    get waiting() {
      return queue.length;
    },
    get starting() {
      return taken;
    },
  };
}

/** Far from the front only every tenth place is news: a start's log stays short in a queue of hundreds. */
function tell(waiter: Waiter, before: number): void {
  const isNews = waiter.told === Number.POSITIVE_INFINITY || before < 10 || before % 10 === 0;
  if (before >= waiter.told || !isNews) return;
  waiter.told = before;
  waiter.onWaiting(before);
}
