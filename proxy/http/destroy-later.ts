// Destroys a socket after a delay that gives its client time to close it, or to prove that it is alive.
// Not here: why (the callers).
import type { Duplex } from 'node:stream';

/** Destroys the socket after `milliseconds`, unless it has closed by then. Returns the function that cancels this. */
export function destroyLater(socket: Duplex, milliseconds: number): () => void {
  const timer = setTimeout(() => socket.destroy(), milliseconds);
  const callOff = (): void => {
    clearTimeout(timer);
    socket.off('close', callOff);
  };
  socket.once('close', callOff);
  return callOff;
}
