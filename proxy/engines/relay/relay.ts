// The default engine: node:http parses requests, our own client talks to upstreams over node:net. Tracks exchanges and
// upgrades in progress, so that a client that disconnects ends its upstream request and close() leaves nothing open.
// Not here: one request (exchange.ts), one upgrade (upgrade.ts), connections (engines/relay/pool/pools.ts).
import type { Socket } from 'node:net';
import type { Logger } from '../../../config/logger.ts';
import { watchStalledClients } from '../../http/stalled-clients.ts';
import type { Engine, EngineOptions } from '../engine.ts';
import { Exchange } from './exchange.ts';
import { createPools } from './pool/pools.ts';
import { Upgrade } from './upgrade.ts';

export function createRelay(options: EngineOptions, clock: () => number, log: Logger): Engine {
  const pools = createPools(options.tls, clock);
  const stalled = watchStalledClients();
  const upgrades = new Set<Upgrade>();
  /** Requests in progress, by client socket: with pipelining there may be several. */
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
    web: (req, res, context) => {
      if (closed) {
        req.socket.destroy();
        return;
      }
      const underWay = underWayOn(req.socket);
      const pool = pools.of(context.target);
      const onEnd = (ended: Exchange): void => void underWay.delete(ended);
      const exchange = new Exchange(req, res, context, pool, options, stalled, onEnd);
      underWay.add(exchange);
      exchange.start();
    },
    upgrade: (req, socket, head, context) => {
      // The upgrade was queued behind a request when the engine closed.
      if (closed) {
        socket.destroy();
        return;
      }
      const pool = pools.of(context.target);
      const upgrade = new Upgrade(req, socket, head, context, pool, options, {
        onSpliced: () => log.debug({ url: context.path }, 'upgraded'),
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
