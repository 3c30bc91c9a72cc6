// Copies bytes both ways between two sockets until one side ends, then ends the other. Nothing is left
// behind: a side that does not close in answer is closed after a short grace.
// Not here: how the two came to be upgraded (upgrade.ts).
import type { Duplex } from 'node:stream';
import type { Dialed } from './pool/dial.ts';

/** Nobody else may be reading from either. `onClosed` comes once, when both are closed. */
export function splice(
  client: Duplex,
  { socket: upstream, reader }: Dialed,
  onClientBytes: () => void,
  onClosed: () => void,
): void {
  let open = 2;
  let grace: NodeJS.Timeout | undefined;
  const destroyBoth = (): void => {
    client.destroy();
    upstream.destroy();
  };
  const join = (from: Duplex, to: Duplex): void => {
    to.on('drain', () => from.resume());
    from.on('end', () => {
      to.end();
      grace ??= setTimeout(destroyBoth, halfCloseGrace);
    });
    from.on('error', destroyBoth);
    from.on('close', () => {
      // After an orderly end what was read is still on its way out; after an error there is nothing to wait for.
      if (from.readableEnded) to.end();
      else to.destroy();
      if (--open > 0) return;
      clearTimeout(grace);
      onClosed();
    });
  };
  client.on('data', (chunk: Buffer) => {
    onClientBytes();
    if (!upstream.write(chunk)) client.pause();
  });
  reader.expectSilence();
  reader.receive = (bytes) => {
    if (!client.write(reader.lasting(bytes))) upstream.pause();
    // Mostly the kernel has taken them by now.
    if (client.writableLength > 0) reader.hold();
  };
  join(client, upstream);
  join(upstream, client);
  client.resume();
  upstream.resume();
  if (client.destroyed || upstream.destroyed) destroyBoth();
}

/** Milliseconds a side may take to close after the other did. */
const halfCloseGrace = 3000;
