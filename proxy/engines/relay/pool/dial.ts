// Opens one connection to a target: TCP, Unix socket or TLS.
// Not here: how many connections, and when (pool.ts).
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from '../../../http/target.ts';
import type { UpstreamTls } from '../../engine.ts';
import { Reader } from './reader.ts';
import { UpstreamSocket } from './upstream-socket.ts';

/** A connection that is ready, with nothing received yet. */
export interface Dialed {
  readonly socket: Socket;
  readonly reader: Reader;
}

/** Calls `opened` once, with a connection or an error. Returns the function that cancels the attempt. */
export function dial(target: Target, tls: UpstreamTls, opened: (result: Dialed | Error) => void): () => void {
  const dialed = target.tls ? dialTls(target, tls) : dialPlain(target);
  const { socket } = dialed;
  const ready = target.tls ? 'secureConnect' : 'connect';
  const finish = (result: Dialed | Error): void => {
    clearTimeout(deadline);
    socket.off(ready, onReady);
    socket.off('error', onError);
    socket.off('close', onClose);
    if (result instanceof Error) {
      // Ignores late errors of the abandoned socket.
      socket.on('error', () => undefined);
      socket.destroy();
    }
    opened(result);
  };
  const onReady = (): void => finish(dialed);
  const onError = (error: Error): void => finish(error);
  const onClose = (): void => finish(new Error('closed while connecting'));
  const deadline = setTimeout(() => finish(new Error('the connection attempt timed out')), connectDeadline);
  socket.once(ready, onReady);
  socket.once('error', onError);
  socket.once('close', onClose);
  return () => finish(new Error('the connection attempt was canceled'));
}

/** Milliseconds. The kernel would try for over two minutes; users do not wait that long. */
const connectDeadline = 20_000;

const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };

function dialPlain(target: Target): Dialed {
  const socket = new UpstreamSocket();
  if (target.socketPath !== undefined) socket.connect({ path: target.socketPath });
  else socket.connect({ host: target.hostname, port: target.port, ...socketOptions });
  return { socket, reader: socket.reader };
}

/** The certificate is checked against the target's name, whatever Host the client sent. */
function dialTls(target: Target, tls: UpstreamTls): Dialed {
  const name = isIP(target.hostname) === 0 ? { servername: target.hostname } : {};
  const socket = connectTls({
    host: target.hostname,
    port: target.port,
    ...socketOptions,
    ...name,
    ...(tls.secureContext === undefined ? {} : { secureContext: tls.secureContext }),
    rejectUnauthorized: tls.rejectUnauthorized,
    ALPNProtocols: ['http/1.1'],
  });
  // node:tls allocates memory for decrypted data itself: one read may deliver several chunks.
  const reader = new Reader();
  socket.on('data', (bytes: Buffer) => reader.receive(bytes));
  return { socket, reader };
}
