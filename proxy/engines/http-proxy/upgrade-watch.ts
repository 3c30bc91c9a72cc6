// Watches both sides of an upgrade by the library, and closes what the library leaves open: the pending upstream of a
// client that disconnected, either side after the other has ended, a refusal that was cut.
// Not here: handshake and piping (the library).
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export interface UpgradeEvents {
  onSwitched(upstream: Socket): void;
  onRefused(status: number): void;
  onClientBytes(): void;
}

export function watchUpgrade(request: ClientRequest, client: Socket, events: UpgradeEvents): void {
  let upstream: Socket | undefined;
  let grace: NodeJS.Timeout | undefined;
  const end = (): void => {
    request.destroy();
    client.destroy();
    upstream?.destroy();
  };
  const soon = (): void => {
    if (upstream === undefined) end();
    else grace ??= setTimeout(end, halfCloseGrace);
  };
  client.once('end', soon);
  client.once('close', () => {
    clearTimeout(grace);
    end();
  });
  // A close is noticed only on a socket that is being read; early data is pushed back for the library.
  const early: Buffer[] = [];
  const keep = (chunk: Buffer): void => {
    early.push(chunk);
  };
  client.on('data', keep);
  request.prependOnceListener('upgrade', (_answer: IncomingMessage, socket: Socket) => {
    upstream = socket;
    client.off('data', keep);
    client.pause();
    if (early.length > 0) client.unshift(Buffer.concat(early));
    events.onSwitched(socket);
    socket.once('end', soon);
    socket.once('close', () => client.destroySoon());
    client.on('data', () => events.onClientBytes());
  });
  request.once('response', (response: IncomingMessage) => {
    events.onRefused(response.statusCode ?? 0);
    response.once('close', () => {
      if (!response.complete) client.destroy();
    });
  });
}

/** Milliseconds a side may take to close after the other did. */
const halfCloseGrace = 3000;
