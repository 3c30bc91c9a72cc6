// Forwards one request and its response between a client and an upstream. An incomplete response is never ended as if
// it were complete.
// Not here: upgrades (upgrade.ts), sending the request body (upload.ts), writing the response (response-writer.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { linger } from '../../http/linger.ts';
import type { StalledClients } from '../../http/stalled-clients.ts';
import type { EngineOptions, ForwardContext } from '../engine.ts';
import { type RequestBody, requestBody, requestHead } from './http1/request-head.ts';
import type { ResponseHead } from './http1/response-head.ts';
import type { ConnectionUser, UpstreamConnection } from './pool/connection.ts';
import type { TargetPool, Waiter } from './pool/pool.ts';
import { ResponseWriter } from './response-writer.ts';
import { Upload } from './upload.ts';

export class Exchange implements ConnectionUser, Waiter {
  fresh = false;
  readonly maxIdle: number;
  readonly #req: IncomingMessage;
  readonly #context: ForwardContext;
  readonly #pool: TargetPool;
  readonly #options: EngineOptions;
  readonly #stalled: StalledClients;
  readonly #onEnd: (exchange: Exchange) => void;
  readonly #writer: ResponseWriter;
  readonly #body: RequestBody;
  readonly #replayable: boolean;
  #connection: UpstreamConnection | undefined;
  #upload: Upload | undefined;
  #head: ResponseHead | undefined;
  /** Until the client is told to send its body, if it waits for that and the target does not respond. */
  #expecting: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    context: ForwardContext,
    pool: TargetPool,
    options: EngineOptions,
    stalled: StalledClients,
    onEnd: (exchange: Exchange) => void,
  ) {
    this.#req = req;
    this.#context = context;
    this.#pool = pool;
    this.#options = options;
    this.#stalled = stalled;
    this.#onEnd = onEnd;
    this.#writer = new ResponseWriter(req, res, context, options);
    this.#body = requestBody(req);
    this.#replayable = this.#body === 'none' && safeMethods.has(req.method ?? '');
    this.maxIdle = this.#replayable ? Number.POSITIVE_INFINITY : freshEnough;
  }

  start(): void {
    if (this.#req.headers.expect !== undefined && this.#body !== 'none') {
      this.#expecting ??= setTimeout(() => this.#writer.continue(), continueTime);
    }
    this.#pool.acquire(this);
  }

  /** The client has disconnected: abandons the upstream request. */
  abort(): void {
    if (this.#ended) return;
    this.#finish();
    this.#pool.cancel(this);
    this.#connection?.abandon();
  }

  onConnection(connection: UpstreamConnection): void {
    this.#connection = connection;
    const { socket } = connection;
    connection.begin(this, this.#req.method ?? '', this.#options.proxyTimeout);
    const head = requestHead(this.#req, this.#context, this.#options, false);
    if (this.#body === 'none') {
      socket.write(head, 'latin1');
      return;
    }
    // Body data that the client has already sent leaves in one packet with the header section.
    socket.cork();
    socket.write(head, 'latin1');
    process.nextTick(() => socket.uncork());
    this.#upload = new Upload(this.#req, socket, this.#body, this.#context, this.#stalled);
  }

  onUnreachable(reason: Error): void {
    this.#fail(503, reason);
  }

  onInformation(head: ResponseHead): void {
    this.#writer.information(head);
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    this.#writer.head(head);
  }

  onBody(chunk: Buffer): void {
    this.#writer.body(chunk, this.#connection);
  }

  onComplete(last: Buffer | undefined, trailers: string[]): void {
    this.#writer.complete(last, trailers, this.#connection);
  }

  onDrain(): void {
    this.#upload?.resume();
  }

  onDone(leftover: Buffer | undefined): void {
    const connection = this.#connection;
    const head = this.#head;
    if (this.#ended || connection === undefined || head === undefined) return;
    this.#finish();
    const sent = this.#upload?.stop() ?? true;
    if (!sent) linger(this.#req);
    if (sent && leftover === undefined && head.persistent) {
      this.#pool.release(connection, head.keepAliveTimeout);
    } else {
      connection.socket.destroy();
    }
    this.#context.onForwarded(head.status);
  }

  onLost(reason: Error, untouched: boolean): void {
    if (this.#ended) return;
    const reused = (this.#connection?.served ?? 0) > 1;
    this.#connection = undefined;
    if (untouched && reused && this.#replayable && !this.fresh) {
      // The upstream closed an idle connection just as we used it: retry on a new one.
      this.fresh = true;
      this.start();
      return;
    }
    this.#upload?.stop();
    this.#fail(reason.name === 'BadResponse' ? 502 : 503, reason);
  }

  #fail(status: number, reason: Error): void {
    if (this.#ended) return;
    this.#finish();
    const started = this.#writer.started;
    if (started) this.#writer.cut();
    this.#context.onFailed({ status, reason: reason.message, started });
  }

  #finish(): void {
    this.#ended = true;
    clearTimeout(this.#expecting);
    this.#onEnd(this);
  }
}

/** Methods that may be retried. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Milliseconds that a target may take to send "100 Continue" itself; curl, for one, waits as long. */
const continueTime = 1000;

/** Milliseconds that a connection may have been idle to carry a request that cannot be retried. */
const freshEnough = 2000;
