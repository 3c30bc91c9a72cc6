// Detects stale Unix sockets. Not here: listening.
import { connect } from 'node:net';

/** True if no process listens on the socket at `path`, for example because its owner was killed. */
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
