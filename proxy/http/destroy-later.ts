// The end of a socket whose client is given some time to close it, or to show that it is there.
// Not here: what the time is for.
import type { Duplex } from 'node:stream';

/** Destroys the socket after so many milliseconds, unless it has closed by then. Returns what calls that off. */
export function destroyLater(socket: Duplex, milliseconds: number): () => void {
  const timer = setTimeout(() => socket.destroy(), milliseconds);
  const callOff = (): void => {
    clearTimeout(timer);
    socket.off('close', callOff);
  };
  socket.once('close', callOff);
  return callOff;
}
