// Handles a request on the public listener: health check, rejection, or forwarding to the target of its route.
// Not here: upgrades (upgrades.ts), the listener (server.ts), forwarding (the engine).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../config/logger.ts';
import type { Engine } from '../engines/engine.ts';
import { applyTrust, type TrustedAddresses } from '../listen/trusted-proxies.ts';
import type { RouteTable } from '../routes/table.ts';
import { withoutQuery } from '../telemetry/access-line.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { CompressResponse } from './compress/compress-response.ts';
import type { SendErrorPage } from './error-pages.ts';
import type { AcceptBatch } from './flow/accept-batch.ts';
import type { PipelineQueue } from './flow/pipeline.ts';
import { type ResolveOptions, resolve } from './resolve.ts';
import { refusal } from './validate.ts';

export interface FrontParts {
  readonly table: RouteTable;
  readonly engine: Engine;
  readonly sendErrorPage: SendErrorPage;
  readonly counters: Counters;
  readonly log: Logger;
  readonly options: FrontOptions;
  readonly access: AccessLog | undefined;
  /** Undefined: responses are not compressed. */
  readonly compress: CompressResponse | undefined;
  /** Undefined: every peer is trusted. */
  readonly trusted: TrustedAddresses | undefined;
}

export interface FrontOptions extends ResolveOptions {
  /** Milliseconds of silence after which a client's connection is closed, or undefined. */
  readonly timeout: number | undefined;
  readonly xForward: boolean;
}

export function requestHandler(
  parts: FrontParts,
  acceptBatch: AcceptBatch,
  queue: PipelineQueue,
): (req: IncomingMessage, res: ServerResponse) => void {
  const { table, engine, sendErrorPage, counters, log, options, access, compress, trusted } = parts;
  const debug = log.isLevelEnabled('debug');
  return (req, res) => {
    access?.onRequest(req, res);
    const began = counters.timings === undefined ? 0 : performance.now();
    queue.serve(req, res, () => acceptBatch.serve(req.socket, () => serve(req, res, began)));
  };

  function serve(req: IncomingMessage, res: ServerResponse, began: number): void {
    if (req.url === '/_chp_healthz') {
      res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
      return;
    }
    const refused = refusal(req);
    if (refused !== undefined) {
      const { status, reason } = refused;
      log.warn(`${status} ${req.method} ${withoutQuery(req.url)} ${reason}`);
      res.writeHead(status, { Connection: 'close' }).end();
      return;
    }
    if (req.url === '*') {
      res.writeHead(200, { 'Content-Length': 0 }).end();
      return;
    }
    counters.web++;
    if (trusted !== undefined) applyTrust(req, trusted, options.xForward);
    const { timings } = counters;
    const looked = timings === undefined ? 0 : performance.now();
    const found = resolve(req, table, options);
    timings?.lookup.observe((performance.now() - looked) / 1000);
    if (found.status !== 200) {
      fail(found.status, found.reason);
      return;
    }
    const { route } = found;
    if (debug) log.debug(`PROXY WEB ${withoutQuery(req.url)} to ${found.target.url}`);
    if (options.timeout !== undefined) req.socket.setTimeout(options.timeout);
    compress?.(req, res, found.target.key);
    engine.web(req, res, {
      target: found.target,
      path: found.path,
      onActivity: () => table.touch(route),
      onForwarded: (status) => {
        counters.onResponse(status);
        timings?.request.observe((performance.now() - began) / 1000);
        if (status < 300) table.touch(route);
      },
      onFailed: (failure) => {
        if (failure.started) log.error(`${req.method} ${withoutQuery(req.url)} cut: ${failure.reason}`);
        else fail(failure.status, failure.reason);
      },
    });

    function fail(status: number, reason: string): void {
      counters.onResponse(status);
      const line = `${status} ${req.method} ${withoutQuery(req.url)} ${reason}`;
      if (status === 404) log.warn(line);
      else log.error(line);
      sendErrorPage(req, res, status);
    }
  }
}
