// Puts an encoder between an engine and its ServerResponse: what the engine writes is compressed, and what comes out is
// sent. The engine waits for the encoder, and the encoder for the client. An encoder is closed when its response is.
// Not here: the header section (compress-response.ts).
import type { ServerResponse } from 'node:http';
import { errorText } from '../../../config/system/error-text.ts';
import type { Encoder } from './encoders.ts';
import type { Ahead } from './run-ahead.ts';

/**
 * `isStream`: the length of the body is unknown, so its server may pause, and what it has written must not wait in the
 * encoder. `onFailed` is called if compression fails.
 */
export function pump(
  res: ServerResponse,
  encoder: Encoder,
  ahead: Ahead,
  isStream: boolean,
  onFailed: (reason: string) => void,
): void {
  const { stream } = encoder;
  const plain = { write: res.write, end: res.end, emit: res.emit };
  const send = (part: Buffer, sent: () => void): void => {
    Reflect.apply(plain.write, res, [part, sent]);
  };
  let hasEnded = false;
  stream.on('data', (part: Buffer) => {
    encoder.progress();
    ahead.add(part.length);
    send(part, () => {
      ahead.remove(part.length);
      if (!stream.destroyed && stream.isPaused() && ahead.hasRoom) stream.resume();
    });
    if (ahead.isFull) stream.pause();
  });
  stream.on('drain', () => plain.emit.call(res, 'drain'));
  stream.once('end', () => {
    encoder.close();
    Reflect.apply(plain.end, res, []);
  });
  stream.on('error', (error) => onFailed(errorText(error)));
  res.once('close', () => {
    encoder.close();
    ahead.close();
  });
  const flush = (): void => {
    if (stream.writableLength === 0 && !hasEnded && !stream.destroyed) encoder.flush();
  };
  Object.assign(res, {
    write: (chunk: Chunk, encoding?: BufferEncoding | Written, written?: Written) => {
      const done = typeof encoding === 'function' ? encoding : written;
      const code = typeof encoding === 'string' ? encoding : 'utf8';
      encoder.progress();
      return stream.write(chunk, code, (error) => {
        done?.(error);
        if (isStream) flush();
      });
    },
    end: (chunk?: Chunk | Written | null, encoding?: BufferEncoding | Written, ended?: Written) => {
      const done = [chunk, encoding, ended].find((argument) => typeof argument === 'function');
      hasEnded = true;
      if (chunk === undefined || chunk === null || typeof chunk === 'function') stream.end(done);
      else stream.end(chunk, typeof encoding === 'string' ? encoding : 'utf8', done);
      return res;
    },
    // they may be dropped, and could describe the bytes before compression
    addTrailers: () => undefined,
    // that the client's connection takes more is for the pump, not for the engine
    emit: (event: string | symbol, ...values: unknown[]) =>
      event === 'drain' ? false : plain.emit.call(res, event, ...values),
  });
}

type Chunk = string | Uint8Array;
type Written = (error?: Error | null) => void;
