// Handles cases of a forwarded request that the library does not: responses that are cut or that make node:http's
// server throw, clients that disconnect while their response is queued.
// Not here: upgrades (upgrade-watch.ts).
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { linger } from '../../http/linger.ts';
import { responseFields } from './fields.ts';

export function watchRequest(request: ClientRequest, req: IncomingMessage): void {
  const gone = (): void => {
    request.destroy();
  };
  req.socket.once('close', gone);
  request.once('close', () => req.socket.off('close', gone));
  request.once('upgrade', (_answer: IncomingMessage, socket: Socket) => {
    socket.destroy();
    request.emit('error', new UnaskedUpgrade('101 for a request without an upgrade'));
  });
}

/** Emitted on a response whose upstream closed before the end. */
export const responseCut = 'portwrap:responseCut';

export function watchResponse(response: IncomingMessage, req: IncomingMessage, res: ServerResponse): void {
  // res.writeHead throws on other numbers, inside a stream event, where it cannot be caught; and a transfer coding that
  // is not decoded here would reach a client without the field that announces it.
  const { statusCode = 0 } = response;
  const coding = response.headers['transfer-encoding'] ?? 'chunked';
  if (statusCode < 200 || statusCode > 999 || coding.toLowerCase() !== 'chunked') {
    Object.assign(response, { statusCode: 502, statusMessage: '' });
    const { socket } = response;
    res.once('finish', () => socket.destroy());
  }
  responseFields(response, res);
  // The library pipes the response, and does not notice that it was cut.
  response.once('close', () => {
    if (!response.complete && !res.destroyed) {
      res.destroy();
      res.emit(responseCut);
    }
    if (!req.complete) linger(req);
  });
}

class UnaskedUpgrade extends Error {
  readonly code = 'ERR_UPGRADE_UNASKED';
}
