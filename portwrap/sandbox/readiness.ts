// Readiness: the server itself has responded to an HTTP request. A connection proves nothing, since the forwarder
// accepts connections even if no program listens. Not here: handling a server that never gets ready.
import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { readFileOrNull } from '../system/read-file.ts';

export interface ReadinessProbe {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The SHA-256 fingerprint of its TLS certificate; null: it speaks HTTP without TLS. */
  readonly certificate: string | null;
  /** Pid 1 of the sandbox: no request is sent before a socket exists inside. */
  readonly child: number;
}

/** Milliseconds between two checks: the kernel has no event for a port that begins to listen. */
const firstPace = 3;
const lastPace = 25;
/** Milliseconds between two requests to a server that listens but is not ready. */
const answerPace = 50;
/** Milliseconds for one response; a slow first page is requested again. */
const answerTimeout = 15_000;
/** Milliseconds for the response body, which is discarded. */
const pageTimeout = 2_000;

/** Consecutive checks without a change after which a request is sent anyway. */
const longestTrust = 8;

/**
 * Resolves when the server responds with a status below 500; rejects with the signal's reason when aborted. Over TLS
 * it may refuse us, since we have no certificate: this counts as ready, because it has proved that it has its own key.
 */
export async function answered(probe: ReadinessProbe, abort: AbortSignal): Promise<void> {
  let pace = firstPace;
  let known = '';
  for (let looks = 0; ; looks += 1) {
    const sockets = socketsOf(probe.child);
    if (sockets !== none && (sockets !== known || looks % longestTrust === 0)) {
      const answer = await ask(probe, abort);
      if (answer === 'ready') return;
      known = answer === 'refused' ? sockets : '';
      if (answer === 'unready') pace = answerPace;
    } else pace = Math.min(pace * 1.1, lastPace);
    await pause(pace, undefined, { signal: abort }).catch(() => abort.throwIfAborted());
  }
}

const none = '0 0';

/**
 * How many IPv4 and IPv6 TCP sockets of the sandbox listen or are connected: without one the server cannot respond.
 * /proc/PID/net/tcp would name the port, but to print it the kernel walks all of its hash buckets: 3.6 ms of CPU on a
 * machine with 262144 buckets, where these numbers cost 0.02 ms.
 */
function socketsOf(child: number): string {
  return ['sockstat', 'sockstat6']
    .map(
      (name) =>
        /^TCP6?: inuse (\d+)/m.exec(readFileOrNull(`/proc/${child}/net/${name}`) ?? '')?.[1] ?? 'unknown',
    )
    .join(' ');
}

/** Whether it responds to one request with a status below 500. Never rejects. */
export async function answersOnce(asked: Asked, abort: AbortSignal): Promise<boolean> {
  return (await ask(asked, abort)) === 'ready';
}

type Asked = Omit<ReadinessProbe, 'child'>;

/** unready: it listens, but did not respond as a ready server does. refused: no program accepts the connection. */
async function ask(asked: Asked, abort: AbortSignal): Promise<'ready' | 'unready' | 'refused'> {
  const request = asked.certificate === null ? requestPlain : await tlsRequest();
  let isProven = false;
  return new Promise((resolve) => {
    const ended = () => resolve(isProven ? 'ready' : 'refused');
    const call: ClientRequest = request(
      {
        ...{ host: asked.host, port: asked.port, path: asked.path, agent: false, signal: abort },
        // the fingerprint is checked instead
        ...{ timeout: answerTimeout, rejectUnauthorized: false },
      },
      (response: IncomingMessage) => {
        response.resume(); // so that a server can write an ordinary page to its end
        setTimeout(() => call.destroy(), pageTimeout).unref();
        resolve((response.statusCode ?? 500) < 500 ? 'ready' : 'unready');
      },
    );
    call.once('socket', (socket) => {
      socket.once('secureConnect', () => {
        isProven = fingerprintOf(socket) === asked.certificate;
        if (!isProven) call.destroy();
      });
    });
    call.once('timeout', () => {
      resolve('unready');
      call.destroy();
    });
    call.once('error', ended);
    call.once('close', ended);
    call.end();
  });
}

/** Loaded only when needed: the portwrap command starts without it. */
async function tlsRequest() {
  return (await import('node:https')).request;
}

function fingerprintOf(socket: Socket): string | undefined {
  return (socket as TLSSocket).getPeerX509Certificate()?.fingerprint256;
}
