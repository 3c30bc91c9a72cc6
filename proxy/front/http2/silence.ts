// Closes a connection that is idle, and finds clients that are gone while a request of theirs waits. A client that is
// silent is not gone: it may be asleep, or out of reach for a while. TCP keep-alive of the listener finds dead peers.
// Not here: sessions (sessions.ts).
import type { ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { StalledClients } from '../../http/stalled-clients.ts';

/** `streams` returns the number of open streams; `idleTime` is in milliseconds. A client that has answered is asked again
 * only after `rest`: its requests may be WebSockets, which are silent for hours. */
export function watchSilence(
  session: ServerHttp2Session,
  socket: TLSSocket,
  streams: () => number,
  idleTime: number,
  stalled: StalledClients,
): void {
  let isAsked = false;
  session.setTimeout(idleTime);
  session.on('timeout', () => {
    if (streams() === 0) session.close();
    else if (!isAsked) ask();
  });

  /** After a protocol error node:http2 stops reading and reports nothing, not even that the client has disconnected. */
  function ask(): void {
    isAsked = true;
    const deadline = setTimeout(() => socket.destroy(), patience);
    const stop = (): void => {
      isAsked = false;
      clearTimeout(deadline);
      stalled.delete(socket);
    };
    stalled.add(socket, () => true);
    session.once('close', stop);
    const isSent = session.ping(() => {
      session.off('close', stop);
      stop();
      if (!session.destroyed) session.setTimeout(streams() === 0 ? idleTime : Math.max(idleTime, rest));
    });
    if (!isSent) socket.destroy();
  }
}

/** Milliseconds; about the time after which the kernel gives up a connection that does not respond (man 7 tcp). */
const patience = 15 * 60_000;

/** Milliseconds; as TCP keep-alive of the listener. */
const rest = 30_000;
