// The default engine: node:http parses the client, our own client speaks to the upstream over node:net.
// Keeps track of what is under way, so that a client that goes ends its upstream and close() leaves nothing.
// Not here: one request (exchange.ts), one upgrade (upgrade.ts), connections (engines/relay/pool/pools.ts).
import type { Socket } from 'node:net';
import type { Logger } from '../../../config/logger.ts';
import type { Engine, EngineOptions } from '../engine.ts';
import { Exchange } from './exchange.ts';
import { createPools } from './pool/pools.ts';
import { watchStalledClients } from './stalled-clients.ts';
import { Upgrade } from './upgrade.ts';

export function createRelay(options: EngineOptions, clock: () => number, log: Logger): Engine {
  const pools = createPools(options.tls, clock);
  const stalled = watchStalledClients();
  const upgrades = new Set<Upgrade>();
  /** Requests under way, by client socket: with pipelining there may be several. */
  const exchanges = new WeakMap<Socket, Set<Exchange>>();
  let closed = false;

  const underWayOn = (socket: Socket): Set<Exchange> => {
    const known = exchanges.get(socket);
    if (known !== undefined) return known;
    const underWay = new Set<Exchange>();
    exchanges.set(socket, underWay);
    socket.once('close', () => {
      for (const exchange of [...underWay]) exchange.abort();
    });
    return underWay;
  };

  return {
    web: (req, res, passage) => {
      if (closed) {
        req.socket.destroy();
        return;
      }
      const underWay = underWayOn(req.socket);
      const pool = pools.of(passage.target);
      const onEnd = (ended: Exchange): void => void underWay.delete(ended);
      const exchange = new Exchange(req, res, passage, pool, options, stalled, onEnd);
      underWay.add(exchange);
      exchange.start();
    },
    upgrade: (req, socket, head, passage) => {
      // It waited for an answer before it.
      if (closed) {
        socket.destroy();
        return;
      }
      const pool = pools.of(passage.target);
      const upgrade = new Upgrade(req, socket, head, passage, pool, options, {
        onSpliced: () => log.debug({ url: passage.path }, 'upgraded'),
        onEnd: (ended) => upgrades.delete(ended),
      });
      upgrades.add(upgrade);
      upgrade.start();
    },
    isBusy: (socket) => (exchanges.get(socket)?.size ?? 0) > 0,
    forget: (target) => pools.forget(target),
    count: () => {
      let upgraded = 0;
      for (const upgrade of upgrades) if (upgrade.spliced) upgraded++;
      return pools.count(upgraded);
    },
    close: () => {
      closed = true;
      for (const upgrade of [...upgrades]) upgrade.abort();
      pools.close();
    },
  };
}
