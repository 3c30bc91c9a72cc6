// Copies bytes in both directions between two sockets until one side ends, then ends the other; a side that does not
// close in time is destroyed.
// Not here: the upgrade (upgrade.ts).
import type { Duplex } from 'node:stream';
import type { Dialed } from './pool/dial.ts';

/** Neither socket may have another reader. `onClosed` is called once, when both are closed. */
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
      // After an orderly end, data that was read is still being written; after an error there is none.
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
    // Usually the kernel has accepted the bytes by now.
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
