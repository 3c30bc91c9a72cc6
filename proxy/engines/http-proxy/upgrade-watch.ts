// Watches both sides of an upgrade that the library makes, and closes what it would leave open: a pending
// upstream whose client has gone, either side after the other has ended, a refusal that was cut.
// Not here: the handshake and the piping, which are the library's.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export interface UpgradeEvents {
  onSwitched(upstream: Socket): void;
  onRefused(status: number): void;
  onClientBytes(): void;
}

export function watchUpgrade(asked: ClientRequest, client: Socket, events: UpgradeEvents): void {
  let upstream: Socket | undefined;
  let grace: NodeJS.Timeout | undefined;
  const end = (): void => {
    asked.destroy();
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
  // The end of a client is only seen while it is read; what it sends early is put back for the library.
  const early: Buffer[] = [];
  const keep = (chunk: Buffer): void => {
    early.push(chunk);
  };
  client.on('data', keep);
  asked.prependOnceListener('upgrade', (_answer: IncomingMessage, socket: Socket) => {
    upstream = socket;
    client.off('data', keep);
    client.pause();
    if (early.length > 0) client.unshift(Buffer.concat(early));
    events.onSwitched(socket);
    socket.once('end', soon);
    socket.once('close', () => client.destroySoon());
    client.on('data', () => events.onClientBytes());
  });
  asked.once('response', (answer: IncomingMessage) => {
    events.onRefused(answer.statusCode ?? 0);
    answer.once('close', () => {
      if (!answer.complete) client.destroy();
    });
  });
}

/** Milliseconds a side may take to close after the other did. */
const halfCloseGrace = 3000;
