// Copies bytes both ways between two sockets until one side ends, then ends the other. Nothing is left
// behind: a side that does not close in answer is closed after a short grace.
// Not here: how the two came to be upgraded (upgrade.ts).
import type { Duplex } from 'node:stream';

/** Both sockets must have nobody else reading. `onClosed` comes once, when both are closed. */
export function splice(
  client: Duplex,
  upstream: Duplex,
  onClientBytes: () => void,
  onClosed: () => void,
): void {
  let open = 2;
  let grace: NodeJS.Timeout | undefined;
  const destroyBoth = (): void => {
    client.destroy();
    upstream.destroy();
  };
  const join = (from: Duplex, to: Duplex, onBytes: (() => void) | undefined): void => {
    from.on('data', (chunk: Buffer) => {
      onBytes?.();
      if (!to.write(chunk)) from.pause();
    });
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
    from.resume();
  };
  join(client, upstream, onClientBytes);
  join(upstream, client, undefined);
  if (client.destroyed || upstream.destroyed) destroyBoth();
}

/** Milliseconds a side may take to close after the other did. */
const halfCloseGrace = 3000;
