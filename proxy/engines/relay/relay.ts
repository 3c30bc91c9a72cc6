// The default engine: node:http parses the client, our own client speaks to the upstream over node:net.
// Keeps track of what is under way, so that a client that goes ends its upstream and close() leaves nothing.
// Not here: one request (exchange.ts), one upgrade (upgrade.ts), connections (engines/relay/pool/pools.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../../config/logger.ts';
import type { Target } from '../../http/target.ts';
import type { ConnectionCounts, Engine, EngineOptions, Passage } from '../engine.ts';
import { Exchange } from './exchange.ts';
import { Pools } from './pool/pools.ts';
import { StalledClients } from './stalled-clients.ts';
import { Upgrade } from './upgrade.ts';

export function createRelay(options: EngineOptions, clock: () => number, log: Logger): Engine {
  return new Relay(options, clock, log);
}

class Relay implements Engine {
  readonly #options: EngineOptions;
  readonly #log: Logger;
  readonly #pools: Pools;
  readonly #stalled = new StalledClients();
  readonly #upgrades = new Set<Upgrade>();
  #closed = false;
  /** Requests under way, by client socket: with pipelining there may be several. */
  readonly #exchanges = new WeakMap<Socket, Set<Exchange>>();

  constructor(options: EngineOptions, clock: () => number, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#pools = new Pools(options.tls, clock);
  }

  web(req: IncomingMessage, res: ServerResponse, passage: Passage): void {
    if (this.#closed) {
      req.socket.destroy();
      return;
    }
    const underWay = this.#underWay(req.socket);
    const exchange = new Exchange(
      req,
      res,
      passage,
      this.#pools.of(passage.target),
      this.#options,
      this.#stalled,
      (ended) => underWay.delete(ended),
    );
    underWay.add(exchange);
    exchange.start();
  }

  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, passage: Passage): void {
    // It waited for an answer before it.
    if (this.#closed) {
      socket.destroy();
      return;
    }
    const pool = this.#pools.of(passage.target);
    const upgrade = new Upgrade(req, socket, head, passage, pool, this.#options, {
      onSpliced: () => this.#log.debug({ url: passage.path }, 'upgraded'),
      onEnd: (ended) => this.#upgrades.delete(ended),
    });
    this.#upgrades.add(upgrade);
    upgrade.start();
  }

  isBusy(socket: Socket): boolean {
    return (this.#exchanges.get(socket)?.size ?? 0) > 0;
  }

  forget(target: Target): void {
    this.#pools.forget(target);
  }

  count(): ConnectionCounts {
    let upgraded = 0;
    for (const upgrade of this.#upgrades) if (upgrade.spliced) upgraded++;
    return this.#pools.count(upgraded);
  }

  close(): void {
    this.#closed = true;
    for (const upgrade of [...this.#upgrades]) upgrade.abort();
    this.#pools.close();
  }

  #underWay(socket: Socket): Set<Exchange> {
    const known = this.#exchanges.get(socket);
    if (known !== undefined) return known;
    const underWay = new Set<Exchange>();
    this.#exchanges.set(socket, underWay);
    socket.once('close', () => {
      for (const exchange of [...underWay]) exchange.abort();
    });
    return underWay;
  }
}
