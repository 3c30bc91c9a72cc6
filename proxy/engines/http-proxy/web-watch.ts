// Watches a request that the library makes, for what it does not look after itself: answers that are cut or
// that node:http's server would throw on, clients that go away while their answer is queued.
// Not here: upgrades (upgrade-watch.ts).
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { linger } from '../../http/linger.ts';
import { responseFields } from './fields.ts';

export function watchRequest(asked: ClientRequest, req: IncomingMessage): void {
  const gone = (): void => {
    asked.destroy();
  };
  req.socket.once('close', gone);
  asked.once('close', () => req.socket.off('close', gone));
  asked.once('upgrade', (_answer: IncomingMessage, socket: Socket) => {
    socket.destroy();
    asked.emit('error', new UnaskedUpgrade('101 to a request that asked for no upgrade'));
  });
}

/** Emitted on a response whose upstream went away before the end. */
export const answerCut = 'portwrap:answerCut';

export function watchAnswer(answer: IncomingMessage, req: IncomingMessage, res: ServerResponse): void {
  // res.writeHead throws on other numbers, from inside a stream, where nobody can catch it; and a coding
  // that is not taken off here would reach a client that is not told of it.
  const { statusCode = 0 } = answer;
  const coding = answer.headers['transfer-encoding'] ?? 'chunked';
  if (statusCode < 200 || statusCode > 999 || coding.toLowerCase() !== 'chunked') {
    Object.assign(answer, { statusCode: 502, statusMessage: '' });
    const { socket } = answer;
    res.once('finish', () => socket.destroy());
  }
  responseFields(answer, res);
  // The library pipes the answer, and never learns that it was cut.
  answer.once('close', () => {
    if (!answer.complete && !res.destroyed) {
      res.destroy();
      res.emit(answerCut);
    }
    if (!req.complete) linger(req);
  });
}

class UnaskedUpgrade extends Error {
  readonly code = 'ERR_UPGRADE_UNASKED';
}
