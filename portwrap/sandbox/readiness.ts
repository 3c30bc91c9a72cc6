// Readiness: the server itself has answered an HTTP request. A connection proves nothing, since the
// forwarder accepts with nobody listening. Not here: what to do when it never does.
import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { readFileOrNull } from '../system/read-file.ts';

export interface ReadinessProbe {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The SHA-256 fingerprint of the certificate with which it speaks TLS; null: it speaks HTTP without. */
  readonly certificate: string | null;
  /** Pid 1 of the sandbox: without a socket inside nobody is asked. */
  readonly child: number;
}

/** Milliseconds between two looks: the kernel has no event for a port that begins to listen. */
const firstPace = 3;
const lastPace = 25;
/** Milliseconds between two requests to a server that listens and does not answer as it should. */
const answerPace = 50;
/** Milliseconds for one answer; a slow first page is asked for again. */
const answerTimeout = 15_000;
/** Milliseconds for the page after the first line of the answer, which nobody reads. */
const pageTimeout = 2_000;

/** Looks in a row after which the server is asked although nothing has changed. */
const longestTrust = 8;

/**
 * Resolves when the server answers with a status below 500; rejects with the signal's reason when aborted. Over TLS it
 * may refuse us, who have no certificate: then it has answered by proving that it has the key of its own.
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
 * How many TCP sockets of the sandbox listen or are connected, of IPv4 and IPv6: without one nobody can answer. Not
 * /proc/PID/net/tcp, which would name the port: to print it the kernel walks all of its hash buckets, 3.6 ms of CPU
 * on a machine with 262144 of them, where these numbers cost 0.02.
 */
function socketsOf(child: number): string {
  return ['sockstat', 'sockstat6']
    .map(
      (name) =>
        /^TCP6?: inuse (\d+)/m.exec(readFileOrNull(`/proc/${child}/net/${name}`) ?? '')?.[1] ?? 'unknown',
    )
    .join(' ');
}

/** Does it answer one request with a status below 500? Never rejects. */
export async function answersOnce(asked: Asked, abort: AbortSignal): Promise<boolean> {
  return (await ask(asked, abort)) === 'ready';
}

type Asked = Omit<ReadinessProbe, 'child'>;

/** "unready" is a server that is there but has not answered as it should; "refused" is nobody. */
async function ask(asked: Asked, abort: AbortSignal): Promise<'ready' | 'unready' | 'refused'> {
  const request = asked.certificate === null ? requestPlain : await tlsRequest();
  let isProven = false;
  return new Promise((resolve) => {
    const ended = () => resolve(isProven ? 'ready' : 'refused');
    const call: ClientRequest = request(
      {
        ...{ host: asked.host, port: asked.port, path: asked.path, agent: false, signal: abort },
        // known by its fingerprint
        ...{ timeout: answerTimeout, rejectUnauthorized: false },
      },
      (response: IncomingMessage) => {
        response.resume(); // so that a server with an ordinary page writes it to its end
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
