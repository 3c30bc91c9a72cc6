// The alternative engine (--engine http-proxy): the library of configurable-http-proxy behind the same interface. Works
// around its faults where this is possible from outside: framing, hop-by-hop fields, cut responses, leaked sockets.
// Not here: faults without a workaround (docs/proxy.md lists them).
import { type Agent, type ClientRequest, type IncomingMessage, Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { createProxyServer, type ServerOptions } from 'http-proxy';
import type { Target } from '../../http/target.ts';
import type { Engine, EngineOptions } from '../engine.ts';
import { guarded } from './agents.ts';
import { requestFields } from './fields.ts';
import { watchUpgrade } from './upgrade-watch.ts';
import { responseCut, watchRequest, watchResponse } from './web-watch.ts';

export function createLibraryEngine(options: EngineOptions): Engine {
  const plain = guarded(new PlainAgent({ keepAlive: true }));
  // a resumed session would have the certificate that was sent before a renewal
  const tls = guarded(new TlsAgent({ keepAlive: true, maxCachedSessions: 0 }));
  /** Without an agent the library does not send our certificate. */
  const upgradeTls = new TlsAgent({ maxCachedSessions: 0 });
  const pending = new Map<IncomingMessage, ClientRequest>();
  const upgraded = new Set<Socket>();
  const underWay = new WeakMap<Socket, number>();
  let closed = false;

  const proxy = createProxyServer({
    xfwd: options.xForward,
    prependPath: false,
    toProxy: true,
    changeOrigin: options.changeOrigin,
    autoRewrite: options.autoRewrite,
    preserveHeaderKeyCase: true,
    headers: Object.fromEntries(options.customHeaders.map(([name, value]) => [name.toLowerCase(), value])),
    ...(options.protocolRewrite === undefined ? {} : { protocolRewrite: options.protocolRewrite }),
    ...(options.proxyTimeout === undefined ? {} : { proxyTimeout: options.proxyTimeout }),
  });
  proxy.on('proxyReq', watchRequest);
  proxy.on('proxyRes', watchResponse);
  proxy.on('proxyReqWs', (asked, req) => pending.set(req, asked));
  // Errors go to the callback of each call; this listener ignores those after it.
  proxy.on('error', () => undefined);

  const countRequest = (socket: Socket, change: number): void => {
    underWay.set(socket, (underWay.get(socket) ?? 0) + change);
  };

  const targetOptions = (target: Target): ServerOptions => {
    const agent = target.tls ? tls : plain;
    if (target.socketPath !== undefined) {
      const detailed = { host: 'localhost', port: 80, socketPath: target.socketPath };
      return { target: detailed, agent, ssl: { maxHeaderSize } };
    }
    const url = new URL(`${target.tls ? 'https' : 'http'}://${target.host}`);
    return {
      target: url,
      agent,
      secure: options.tls.rejectUnauthorized,
      ssl: {
        ...(target.tls ? tlsOptions(options) : {}),
        // Otherwise node:https checks the certificate against the client's Host.
        servername: isIP(target.hostname) === 0 ? target.hostname : '',
        maxHeaderSize,
      },
    };
  };

  return {
    web: (req, res, context) => {
      if (closed) {
        req.socket.destroy();
        return;
      }
      if (req.headers.expect !== undefined) res.writeContinue();
      requestFields(req, false);
      countRequest(req.socket, 1);
      res.once('close', () => countRequest(req.socket, -1));
      if (!req.complete) req.on('data', () => context.onActivity());
      res.once('finish', () => {
        if (!failed) context.onForwarded(res.statusCode);
      });
      res.once(responseCut, () => {
        failed = true;
        context.onFailed({
          status: 503,
          reason: 'the upstream closed before its response was complete',
          started: true,
        });
      });
      let failed = false;
      const { method } = req;
      req.url = context.path;
      // For DELETE and OPTIONS the library would announce an empty body and send the chunks of the real one after it,
      // as if they were another request (CVE-2026-29057). It checks req.method, and sends the method of the options.
      req.method = 'POST';
      proxy.web(req, res, { ...targetOptions(context.target), method: method ?? 'GET' }, (error) => {
        if (failed) return;
        failed = true;
        const started = res.headersSent;
        if (started) res.destroy();
        if (req.socket.destroyed) return;
        context.onFailed({ status: statusOf(error), reason: error.message, started });
      });
      req.method = method;
    },

    upgrade: (req, socket, head, context) => {
      // The upgrade was queued behind a request when the engine closed.
      if (closed) {
        socket.destroy();
        return;
      }
      requestFields(req, true);
      req.url = context.path;
      let settled = false;
      const agent = context.target.tls ? upgradeTls : undefined;
      const target = { ...targetOptions(context.target), agent };
      proxy.ws(req, socket, head, target, (error) => {
        if (settled) return;
        settled = true;
        context.onFailed({
          status: statusOf(error),
          reason: error.message,
          started: socket.bytesWritten > written,
        });
      });
      const written = socket.bytesWritten;
      const asked = pending.get(req);
      pending.delete(req);
      if (asked === undefined) return;
      watchUpgrade(asked, socket, {
        onSwitched: (upstream) => {
          settled = true;
          upgraded.add(upstream);
          upstream.once('close', () => upgraded.delete(upstream));
          context.onForwarded(101);
        },
        onRefused: (status) => context.onForwarded(status),
        onClientBytes: () => context.onActivity(),
      });
    },

    isBusy: (socket) => {
      return (underWay.get(socket) ?? 0) > 0;
    },

    forget: (target) => {
      const agent = target.tls ? tls : plain;
      const prefix = target.socketPath ?? `${target.hostname}:${target.port}:`;
      for (const [name, sockets] of Object.entries(agent.freeSockets)) {
        if (name.startsWith(prefix)) for (const socket of sockets ?? []) socket.destroy();
      }
    },

    count: () => {
      const all = [plain, tls];
      const total = (pick: (agent: Agent) => NodeJS.ReadOnlyDict<Socket[]>): number =>
        all
          .flatMap((agent) => Object.values(pick(agent)))
          .reduce((sum, list) => sum + (list?.length ?? 0), 0);
      return {
        opening: 0,
        idle: total((agent) => agent.freeSockets),
        active: total((agent) => agent.sockets),
        upgraded: upgraded.size,
      };
    },

    close: () => {
      closed = true;
      for (const socket of upgraded) socket.destroy();
      plain.destroy();
      tls.destroy();
      upgradeTls.destroy();
    },
  };
}

/** Not among the options of an agent, which would keep an old one. */
function tlsOptions({ tls: { secureContext, rejectUnauthorized } }: EngineOptions) {
  return { rejectUnauthorized, ...(secureContext === undefined ? {} : { secureContext }) };
}

/** The library passes every option under `ssl` to node:http's client, also for plain HTTP. */
const maxHeaderSize = 64 * 1024;

/** Parser errors of node:http (HPE_...) mean an invalid response. */
function statusOf(error: Error): number {
  const code = 'code' in error ? String(error.code) : '';
  return code.startsWith('HPE_') || code === 'ERR_UPGRADE_UNASKED' ? 502 : 503;
}
