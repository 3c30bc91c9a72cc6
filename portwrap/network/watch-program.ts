// Watches a program of a sandbox's network that this process has started, and that may outlive it.
// Not here: starting it (the drivers), watching one that another process has started (sandbox/sandbox.ts).
import type { StartedChild } from '../system/child.ts';
import { type Watch, watchLiveness } from '../system/liveness.ts';

/** `fifo`: a reader of the FIFO that the program holds; closed with the watch. */
export function watchProgram(fifo: number, child: StartedChild): Watch {
  const watched = watchLiveness(fifo);
  return {
    // our own child must also be reaped before it counts as gone
    gone: Promise.all([watched.gone, child.exited]).then(() => {}),
    close() {
      watched.close();
      child.process.unref(); // a launcher that leaves the sandbox may end before the program does
    },
  };
}
