// One upgrade: performs the handshake with the upstream, then splices both sockets, or forwards the refusal. The client
// is watched from the start, so that a client that disconnects ends its upstream request.
// Not here: which requests are upgrades (front/upgrades.ts), the splice (splice.ts).
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { EngineOptions, ForwardContext } from '../engine.ts';
import { requestHead } from './http1/request-head.ts';
import { endToEnd } from './http1/response-fields.ts';
import type { ResponseHead } from './http1/response-head.ts';
import type { ConnectionUser, UpstreamConnection } from './pool/connection.ts';
import type { TargetPool, Waiter } from './pool/pool.ts';
import { ResponseWriter } from './response-writer.ts';
import { splice } from './splice.ts';

export interface UpgradeEvents {
  onSpliced(): void;
  onEnd(upgrade: Upgrade): void;
}

export class Upgrade implements ConnectionUser, Waiter {
  readonly fresh = true;
  readonly maxIdle = 0;
  readonly #req: IncomingMessage;
  readonly #client: Socket;
  readonly #context: ForwardContext;
  readonly #pool: TargetPool;
  readonly #options: EngineOptions;
  readonly #events: UpgradeEvents;
  #connection: UpstreamConnection | undefined;
  #upstream: Socket | undefined;
  #head: ResponseHead | undefined;
  #writer: ResponseWriter | undefined;
  #early: Buffer[] = [];
  #earlySize = 0;
  #ended = false;

  constructor(
    req: IncomingMessage,
    client: Socket,
    head: Buffer,
    context: ForwardContext,
    pool: TargetPool,
    options: EngineOptions,
    events: UpgradeEvents,
  ) {
    this.#req = req;
    this.#client = client;
    this.#context = context;
    this.#pool = pool;
    this.#options = options;
    this.#events = events;
    if (head.length > 0) this.#onEarly(head);
  }

  get spliced(): boolean {
    return this.#upstream !== undefined;
  }

  start(): void {
    this.#client.on('data', this.#onEarly);
    this.#client.on('end', this.#onClientGone);
    this.#client.on('close', this.#onClientGone);
    this.#client.setNoDelay(true);
    this.#client.setKeepAlive(true, keepAliveDelay);
    this.#pool.acquire(this);
  }

  /** Ends both sides. */
  abort(): void {
    this.#client.destroy();
    this.#upstream?.destroy();
    this.#onClientGone();
  }

  onConnection(connection: UpstreamConnection): void {
    this.#connection = connection;
    connection.begin(this, 'GET', undefined, true);
    connection.socket.write(requestHead(this.#req, this.#context, this.#options, true), 'latin1');
  }

  onUnreachable(reason: Error): void {
    this.#fail(503, reason);
  }

  onInformation(): void {}

  onHead(head: ResponseHead): void {
    this.#head = head;
    if (head.status === 101) return;
    const res = new ServerResponse(this.#req);
    res.assignSocket(this.#client);
    res.shouldKeepAlive = false;
    this.#client.on('drain', () => res.emit('drain'));
    res.on('finish', () => this.#client.destroySoon());
    this.#writer = new ResponseWriter(this.#req, res, this.#context, this.#options);
    this.#writer.head(head);
  }

  onBody(chunk: Buffer): void {
    this.#writer?.body(chunk, this.#connection);
  }

  onComplete(last: Buffer | undefined, trailers: string[]): void {
    this.#writer?.complete(last, trailers, this.#connection);
  }

  onDrain(): void {}

  onDone(leftover: Buffer | undefined): void {
    const connection = this.#connection;
    const head = this.#head;
    if (this.#ended || connection === undefined || head === undefined) return;
    if (head.status === 101) {
      connection.detach();
      this.#splice(connection, head, leftover);
    } else {
      this.#finish();
      connection.socket.destroy();
    }
    this.#context.onForwarded(head.status);
  }

  onLost(reason: Error): void {
    this.#connection = undefined;
    this.#fail(reason.name === 'BadResponse' ? 502 : 503, reason);
  }

  #splice(upstream: UpstreamConnection, head: ResponseHead, leftover: Buffer | undefined): void {
    this.#upstream = upstream.socket;
    this.#unwatch();
    this.#client.write(switchingHead(head), 'latin1');
    if (leftover !== undefined) this.#client.write(leftover);
    for (const chunk of this.#early) {
      this.#context.onActivity();
      upstream.socket.write(chunk);
    }
    this.#early = [];
    this.#events.onSpliced();
    splice(
      this.#client,
      upstream,
      () => this.#context.onActivity(),
      () => this.#finish(),
    );
  }

  /** A close is noticed only on a socket that is being read, so early data is buffered, up to a limit. */
  #onEarly = (chunk: Buffer): void => {
    if (this.#writer !== undefined) return;
    this.#early.push(chunk);
    this.#earlySize += chunk.length;
    if (this.#earlySize > maxEarly) this.#client.pause();
  };

  #onClientGone = (): void => {
    if (this.#ended || this.#upstream !== undefined) return;
    this.#finish();
    this.#pool.cancel(this);
    this.#connection?.abandon();
    this.#client.destroy();
  };

  #fail(status: number, reason: Error): void {
    if (this.#ended) return;
    this.#finish();
    const started = this.#writer !== undefined;
    if (started) this.#client.destroy();
    this.#context.onFailed({ status, reason: reason.message, started });
  }

  #finish(): void {
    this.#ended = true;
    this.#unwatch();
    this.#events.onEnd(this);
  }

  #unwatch(): void {
    this.#client.off('data', this.#onEarly);
    this.#client.off('end', this.#onClientGone);
    this.#client.off('close', this.#onClientGone);
  }
}

function switchingHead(head: ResponseHead): string {
  const protocol = head.fields.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'upgrade');
  const upgrade = protocol < 0 ? 'websocket' : (head.fields[protocol + 1] ?? '');
  let text = `HTTP/1.1 101 ${head.reason || STATUS_CODES[101]}\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  const fields = endToEnd(head, false);
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
  return `${text}\r\n`;
}

/** Bytes that a client may send before the upstream accepts the upgrade. */
const maxEarly = 64 * 1024;

/** Milliseconds without data before the kernel sends a keep-alive probe. */
const keepAliveDelay = 30_000;
