// Unix sockets that are left over. Not here: listening.
import { connect } from 'node:net';

/** Does nobody listen on the socket at `path` any more? So it is when its owner was killed. */
export function isStaleSocket(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
